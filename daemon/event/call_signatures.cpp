// SPDX-License-Identifier: MIT OR Apache-2.0
// The arguments of each call: a table, and the way from a call to its row.
#include "event/call_args.hpp"

#include <array>

namespace rwatch::event {

namespace {

template <std::size_t N> using Signature = std::array<CallArg, N>;
constexpr Signature<3> kSocket{{{"domain", Form::family}, {"type", Form::socket_type}, {"proto", Form::integer}}};
constexpr Signature<1> kSetuid{{{"uid", Form::uid}}};
constexpr Signature<1> kSetgid{{{"gid", Form::gid}}};
constexpr Signature<3> kSetresuid{{{"ruid", Form::uid}, {"euid", Form::uid}, {"suid", Form::uid}}};
constexpr Signature<3> kSetresgid{{{"rgid", Form::gid}, {"egid", Form::gid}, {"sgid", Form::gid}}};
constexpr Signature<4> kPtrace{
    {{"request", Form::ptrace_request}, {"pid", Form::integer}, {"addr", Form::address}, {"data", Form::address}}};
constexpr Signature<2> kSetns{{{"fd", Form::integer}, {"nstype", Form::clone_flags}}};
constexpr Signature<1> kUnshare{{{"flags", Form::unshare_flags}}};
constexpr Signature<5> kMount{{{"dev", Form::text},
                               {"dir", Form::text},
                               {"type", Form::text},
                               {"flags", Form::mount_flags},
                               {"data", Form::address}}};
constexpr Signature<2> kUmount{{{"name", Form::text}, {"flags", Form::umount_flags}}};
constexpr Signature<3> kInitModule{{{"img", Form::address}, {"length", Form::size}, {"uargs", Form::text}}};
constexpr Signature<3> kFinitModule{{{"fd", Form::integer}, {"uargs", Form::text}, {"flags", Form::module_flags}}};
constexpr Signature<2> kDeleteModule{{{"name", Form::text}, {"flags", Form::module_flags}}};
constexpr Signature<3> kBpf{{{"cmd", Form::bpf_command}, {"attr", Form::address}, {"size", Form::natural}}};
constexpr Signature<2> kMemfd{{{"name", Form::text}, {"flags", Form::memfd_flags}}};
constexpr Signature<1> kPersonality{{{"persona", Form::persona}}};
constexpr Signature<1> kSysinfo{{{"info", Form::address}}};
constexpr Signature<3> kSyslog{{{"type", Form::integer}, {"buf", Form::address}, {"len", Form::integer}}};
constexpr Signature<1> kUserfaultfd{{{"flags", Form::fd_flags}}};
constexpr Signature<1> kClone{{{"flags", Form::unshare_flags}}};
constexpr Signature<2> kKill{{{"pid", Form::integer}, {"sig", Form::signal}}};
constexpr Signature<2> kTkill{{{"tid", Form::integer}, {"sig", Form::signal}}};
constexpr Signature<3> kTgkill{{{"pid", Form::integer}, {"tid", Form::integer}, {"sig", Form::signal}}};
constexpr Signature<4> kPidfdSignal{
    {{"fd", Form::integer}, {"sig", Form::signal}, {"info", Form::address}, {"flags", Form::natural}}};
constexpr Signature<6> kProcessVm{{{"pid", Form::integer},
                                   {"lvec", Form::address},
                                   {"liovcnt", Form::size},
                                   {"rvec", Form::address},
                                   {"riovcnt", Form::size},
                                   {"flags", Form::size}}};
constexpr Signature<3> kPidfdGetfd{{{"pid_fd", Form::integer}, {"target_fd", Form::integer}, {"flags", Form::natural}}};
constexpr Signature<1> kChroot{{{"path", Form::text}}};
constexpr Signature<2> kPivotRoot{{{"new_root", Form::text}, {"put_old", Form::text}}};
constexpr Signature<3> kOpenTree{{{"dirfd", Form::integer}, {"path", Form::text}, {"flags", Form::tree_flags}}};
constexpr Signature<5> kMoveMount{{{"from_dirfd", Form::integer},
                                   {"from_path", Form::text},
                                   {"to_dirfd", Form::integer},
                                   {"to_path", Form::text},
                                   {"flags", Form::move_flags}}};
constexpr Signature<2> kFsopen{{{"type", Form::text}, {"flags", Form::fs_flags}}};
constexpr Signature<5> kFsconfig{{{"fd", Form::integer},
                                  {"cmd", Form::fs_command},
                                  {"key", Form::text},
                                  {"value", Form::text},
                                  {"aux", Form::integer}}};
constexpr Signature<3> kFsmount{
    {{"fd", Form::integer}, {"flags", Form::fs_flags}, {"attr_flags", Form::mount_attributes}}};
constexpr Signature<3> kFspick{{{"dirfd", Form::integer}, {"path", Form::text}, {"flags", Form::pick_flags}}};
constexpr Signature<5> kMountSetattr{{{"dirfd", Form::integer},
                                      {"path", Form::text},
                                      {"flags", Form::tree_flags},
                                      {"attr", Form::address},
                                      {"size", Form::size}}};
constexpr Signature<2> kSetgroups{{{"size", Form::integer}, {"list", Form::address}}};
constexpr Signature<3> kCapset{{{"cap_inheritable", Form::capabilities},
                                {"cap_permitted", Form::capabilities},
                                {"cap_effective", Form::capabilities}}};
constexpr Signature<6> kMmap{{{"addr", Form::address},
                              {"length", Form::size},
                              {"prot", Form::protection},
                              {"flags", Form::map_flags},
                              {"fd", Form::integer},
                              {"offset", Form::size}}};
constexpr Signature<4> kMprotect{
    {{"addr", Form::address}, {"length", Form::size}, {"prot", Form::protection}, {"pkey", Form::integer}}};
constexpr Signature<5> kKeyctl{{{"option", Form::key_command},
                                {"arg2", Form::size},
                                {"arg3", Form::size},
                                {"arg4", Form::size},
                                {"arg5", Form::size}}};
constexpr Signature<5> kAddKey{{{"type", Form::text},
                                {"description", Form::text},
                                {"payload", Form::address},
                                {"plen", Form::size},
                                {"ringid", Form::integer}}};
constexpr Signature<4> kRequestKey{
    {{"type", Form::text}, {"description", Form::text}, {"callout_info", Form::text}, {"destringid", Form::integer}}};
constexpr Signature<2> kSettimeofday{{{"tv", Form::address}, {"tz", Form::address}}};
constexpr Signature<2> kClockSettime{{{"clockid", Form::clock_id}, {"tp", Form::address}}};
constexpr Signature<1> kAdjtimex{{{"buf", Form::address}}};
constexpr Signature<4> kKexecLoad{
    {{"entry", Form::address}, {"nr_segments", Form::size}, {"segments", Form::address}, {"flags", Form::address}}};
constexpr Signature<5> kKexecFileLoad{{{"fd", Form::integer},
                                       {"initrd_fd", Form::integer},
                                       {"cmdline_len", Form::size},
                                       {"cmdline", Form::text},
                                       {"flags", Form::address}}};
constexpr Signature<5> kPrctl{{{"option", Form::prctl_option},
                               {"arg2_str", Form::text},
                               {"arg3", Form::size},
                               {"arg4", Form::size},
                               {"arg5", Form::size}}};
constexpr Signature<5> kPerfEventOpen{{{"attr", Form::address},
                                       {"pid", Form::integer},
                                       {"cpu", Form::integer},
                                       {"group_fd", Form::integer},
                                       {"flags", Form::size}}};
constexpr Signature<2> kSwapon{{{"path", Form::text}, {"flags", Form::natural}}};
constexpr Signature<4> kQuotactl{
    {{"cmd", Form::natural}, {"special", Form::text}, {"id", Form::natural}, {"addr", Form::address}}};
constexpr Signature<2> kSethostname{{{"name", Form::text}, {"length", Form::integer}}};
constexpr Signature<1> kAcct{{{"name", Form::text}}};
constexpr Signature<3> kReboot{{{"magic", Form::persona}, {"magic2", Form::persona}, {"cmd", Form::reboot_command}}};
constexpr Signature<1> kIopl{{{"level", Form::natural}}};
constexpr Signature<3> kIoperm{{{"from", Form::size}, {"num", Form::size}, {"turn_on", Form::integer}}};
constexpr Signature<2> kService{{{"unit", Form::text}, {"state", Form::text}}};
constexpr Signature<2> kUringSetup{{{"entries", Form::natural}, {"params", Form::address}}};
constexpr Signature<4> kUringRegister{
    {{"fd", Form::integer}, {"opcode", Form::natural}, {"arg", Form::address}, {"nr_args", Form::natural}}};
constexpr Signature<1> kUringSubmit{{{"opcode", Form::uring_opcode}}};

} // namespace

std::span<const CallArg> signature_of(Call call) noexcept {
    switch (call) {
    case Call::socket:
        return kSocket;
    case Call::setuid:
    case Call::setfsuid:
        return kSetuid;
    case Call::setgid:
    case Call::setfsgid:
        return kSetgid;
    case Call::setgroups:
        return kSetgroups;
    case Call::capset:
        return kCapset;
    case Call::setreuid:
        return std::span(kSetresuid).first<2>();
    case Call::setregid:
        return std::span(kSetresgid).first<2>();
    case Call::setresuid:
        return kSetresuid;
    case Call::setresgid:
        return kSetresgid;
    case Call::ptrace:
        return kPtrace;
    case Call::setns:
        return kSetns;
    case Call::unshare:
        return kUnshare;
    case Call::mount:
        return kMount;
    case Call::umount2:
        return kUmount;
    case Call::init_module:
        return kInitModule;
    case Call::finit_module:
        return kFinitModule;
    case Call::delete_module:
        return kDeleteModule;
    case Call::bpf:
        return kBpf;
    case Call::memfd_create:
        return kMemfd;
    case Call::personality:
        return kPersonality;
    case Call::sysinfo:
        return kSysinfo;
    case Call::syslog:
        return kSyslog;
    case Call::userfaultfd:
        return kUserfaultfd;
    case Call::clone:
    case Call::clone3:
        return kClone;
    case Call::kill:
        return kKill;
    case Call::tkill:
        return kTkill;
    case Call::tgkill:
    case Call::rt_tgsigqueueinfo:
        return kTgkill;
    case Call::rt_sigqueueinfo:
        return kKill;
    case Call::pidfd_send_signal:
        return kPidfdSignal;
    case Call::process_vm_readv:
    case Call::process_vm_writev:
        return kProcessVm;
    case Call::pidfd_getfd:
        return kPidfdGetfd;
    case Call::chroot:
        return kChroot;
    case Call::pivot_root:
        return kPivotRoot;
    case Call::open_tree:
        return kOpenTree;
    case Call::move_mount:
        return kMoveMount;
    case Call::fsopen:
        return kFsopen;
    case Call::fsconfig:
        return kFsconfig;
    case Call::fsmount:
        return kFsmount;
    case Call::fspick:
        return kFspick;
    case Call::mount_setattr:
        return kMountSetattr;
    case Call::mmap:
        return kMmap;
    case Call::mprotect:
        return std::span(kMprotect).first<3>();
    case Call::pkey_mprotect:
        return kMprotect;
    case Call::keyctl:
        return kKeyctl;
    case Call::add_key:
        return kAddKey;
    case Call::request_key:
        return kRequestKey;
    case Call::settimeofday:
        return kSettimeofday;
    case Call::clock_settime:
    case Call::clock_adjtime:
        return kClockSettime;
    case Call::adjtimex:
        return kAdjtimex;
    case Call::kexec_load:
        return kKexecLoad;
    case Call::kexec_file_load:
        return kKexecFileLoad;
    case Call::prctl:
        return kPrctl;
    case Call::perf_event_open:
        return kPerfEventOpen;
    case Call::swapon:
        return kSwapon;
    case Call::swapoff:
        return std::span(kSwapon).first<1>();
    case Call::quotactl:
        return kQuotactl;
    case Call::sethostname:
    case Call::setdomainname:
        return kSethostname;
    case Call::acct:
        return kAcct;
    case Call::reboot:
        return kReboot;
    case Call::iopl:
        return kIopl;
    case Call::ioperm:
        return kIoperm;
    case Call::io_uring_setup:
        return kUringSetup;
    case Call::io_uring_register:
        return kUringRegister;
    case Call::io_uring_submit:
        return kUringSubmit;
    case Call::service_start:
    case Call::service_stop:
        return kService;
    default:
        return {};
    }
}

bool gives_descriptor(Call call) noexcept {
    switch (call) {
    case Call::socket:
    case Call::bpf:
    case Call::memfd_create:
    case Call::userfaultfd:
    case Call::pidfd_getfd:
    case Call::open_tree:
    case Call::fsopen:
    case Call::fsmount:
    case Call::fspick:
    case Call::perf_event_open:
    case Call::io_uring_setup:
        return true;
    default:
        return false;
    }
}

} // namespace rwatch::event
