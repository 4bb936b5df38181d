// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's fields, and those of its container plugin, that no event of ours has: rules that name them load, the fields
// count as missing, and a diagnostic says so.
#include "event/field_tables.hpp"

namespace rwatch::event {

namespace {

void get_nothing(const Event&, const FieldArg&, Scratch&, Values&) noexcept {}

constexpr Field row(std::string_view name, Type type, std::string_view doc, ArgKind arg = ArgKind::none) {
    return {name, type, false, arg, kAllKinds, get_nothing, nullptr, doc, false, false};
}
constexpr Field text(std::string_view name, std::string_view doc, ArgKind arg = ArgKind::none) {
    return row(name, Type::string, doc, arg);
}
constexpr Field number(std::string_view name, std::string_view doc, ArgKind arg = ArgKind::none) {
    return row(name, Type::integer, doc, arg);
}
constexpr Field truth(std::string_view name, std::string_view doc) {
    return row(name, Type::boolean, doc);
}
constexpr Field texts(std::string_view name, std::string_view doc) {
    auto list = text(name, doc, ArgKind::ignored);
    list.list = list.set_only = true;
    return list;
}

constexpr Field kUnsuppliedFields[] = {
    number("container.duration", "Nanoseconds since the container started"),
    text("container.healthcheck", "Health check of the container"),
    truth("container.host_ipc", "Whether the container shares the host's IPC namespace"),
    truth("container.host_network", "Whether the container shares the host's network namespace"),
    truth("container.host_pid", "Whether the container shares the host's pid namespace"),
    text("container.ip", "Address of the container"),
    text("container.label", "A label of the container", ArgKind::ignored),
    text("container.labels", "All labels of the container"),
    text("container.liveness_probe", "Liveness probe of the container"),
    text("container.mount", "A volume of the container", ArgKind::ignored),
    text("container.mount.dest", "Where a volume is mounted in the container", ArgKind::ignored),
    text("container.mount.mode", "Mode of a volume of the container", ArgKind::ignored),
    text("container.mount.propagation", "Propagation of a volume of the container", ArgKind::ignored),
    text("container.mount.rdwr", "Whether a volume of the container can be written", ArgKind::ignored),
    text("container.mount.source", "Where a volume of the container lies on the host", ArgKind::ignored),
    text("container.mounts", "All volumes of the container"),
    truth("container.privileged", "Whether the container runs privileged"),
    text("container.readiness_probe", "Readiness probe of the container"),
    number("container.start_ts", "When the container started, ns since the epoch"),
    text("evt.abspath", "A path among the arguments, made absolute", ArgKind::ignored),
    text("evt.asynctype", "Kind of an asynchronous event"),
    text("evt.buffer", "Bytes that were read or written"),
    number("evt.buflen", "How many bytes were read or written"),
    number("evt.buflen.file", "… of files"),
    number("evt.buflen.file.in", "… read from files"),
    number("evt.buflen.file.out", "… written to files"),
    number("evt.buflen.in", "… read"),
    number("evt.buflen.net", "… of sockets"),
    number("evt.buflen.net.in", "… received"),
    number("evt.buflen.net.out", "… sent"),
    number("evt.buflen.out", "… written"),
    number("evt.count.error.file", "1 where a call on files failed"),
    number("evt.count.error.memory", "1 where a call for memory failed"),
    number("evt.count.error.net", "1 where a call on sockets failed"),
    number("evt.count.error.other", "1 where another call failed"),
    number("evt.count.exit", "1 for the end of a call"),
    number("evt.count.procinfo", "1 for a report on a process"),
    number("evt.count.threadinfo", "1 for a report on a thread"),
    number("evt.cpu", "Processor on which the event happened"),
    number("evt.deltatime", "Nanoseconds since the event before"),
    number("evt.deltatime.ns", "… less the whole seconds"),
    number("evt.deltatime.s", "Seconds since the event before"),
    text("evt.hostname", "Name of the host; an alert has it beside its fields"),
    text("evt.info", "Arguments, or what a plugin says of the event"),
    text("evt.infra.docker.container.id", "Id of the container that docker reports on"),
    text("evt.infra.docker.container.image", "Image of the container that docker reports on"),
    text("evt.infra.docker.container.name", "Name of the container that docker reports on"),
    text("evt.infra.docker.name", "What docker reports"),
    text("evt.io_dir", "Whether the call reads or writes"),
    truth("evt.is_wait", "Whether the call waits"),
    number("evt.latency", "Nanoseconds that the call took"),
    text("evt.latency.human", "How long the call took, to be read"),
    number("evt.latency.ns", "… less the whole seconds"),
    number("evt.latency.quantized", "The logarithm of evt.latency"),
    number("evt.latency.s", "Seconds that the call took"),
    text("evt.outputtime", "Time of the event, in the form that was asked for"),
    text("evt.plugininfo", "What a plugin says of the event"),
    text("evt.pluginname", "The plugin that the event is from"),
    number("evt.reltime", "Nanoseconds since the capture began"),
    number("evt.reltime.ns", "… less the whole seconds"),
    number("evt.reltime.s", "Seconds since the capture began"),
    number("evt.type.is", "1 for events of a type, by its number", ArgKind::ignored),
    number("evt.wait_latency", "Nanoseconds that the call waited"),
    text("fd.containerdirectory", "Id of the container, and fd.directory"),
    text("fd.containername", "Id of the container, and fd.name"),
    text("fd.cproto", "Name of the service at the client's port"),
    truth("fd.is_lower_layer", "Whether the file is from the lower layer of an overlay"),
    truth("fd.is_upper_layer", "Whether the file is from the upper layer of an overlay"),
    text("fd.lip.name", "Name of the local address"),
    text("fd.lproto", "Name of the service at the local port"),
    number("fd.proto", "Either port; may be written as the service's name"),
    text("fd.rproto", "Name of the service at the remote port"),
    text("fd.sproto", "Name of the service at the server's port"),
    texts("fd.types", "Kinds of the descriptors that the call is about"),
    text("fd.uid", "Descriptor and thread"),
    text("fdlist.cips", "Clients' addresses of the descriptors that are polled"),
    text("fdlist.cports", "Clients' ports of the descriptors that are polled"),
    text("fdlist.names", "Names of the descriptors that are polled"),
    text("fdlist.nums", "Numbers of the descriptors that are polled"),
    text("fdlist.sips", "Servers' addresses of the descriptors that are polled"),
    text("fdlist.sports", "Servers' ports of the descriptors that are polled"),
    text("k8s.pod.id", "Id of the Kubernetes pod"),
    text("k8s.pod.ip", "Address of the Kubernetes pod"),
    text("k8s.pod.label", "A label of the Kubernetes pod", ArgKind::ignored),
    text("k8s.pod.labels", "All labels of the Kubernetes pod"),
    text("proc.aenv", "Environment of an ancestor", ArgKind::ignored),
    text("proc.env", "Environment of the process", ArgKind::ignored),
    number("proc.exe_ino.ctime_duration_pidns_start",
           "From the last change of the executable's inode to the start of the pid namespace, ns"),
    number("proc.fdlimit", "How many descriptors the process may open"),
    number("proc.fdopencount", "How many descriptors the process has open"),
    number("proc.fdusage", "… in percent of what it may open"),
    truth("proc.is_container_healthcheck", "Whether the process runs a container's health check"),
    truth("proc.is_container_liveness_probe", "Whether the process runs a container's liveness probe"),
    truth("proc.is_container_readiness_probe", "Whether the process runs a container's readiness probe"),
    truth("proc.is_exe_lower_layer", "Whether the executable lies in the container's lower layer"),
    truth("proc.is_exe_upper_layer", "Whether the executable lies in the container's upper layer"),
    truth("proc.is_exe_writable", "Whether the user of the process may write its executable"),
    truth("proc.is_pgid_leader", "Whether the process leads its group"),
    truth("proc.is_vpgid_leader", "Whether the process leads its group, in its own pid namespace"),
    number("proc.loginshellid", "Pid of the oldest shell among the ancestors"),
    number("proc.nchilds", "How many children the process has"),
    number("proc.nthreads", "How many threads the process has"),
    number("proc.pgid", "Process group"),
    text("proc.pgid.exe", "argv[0] of the process that leads the group"),
    text("proc.pgid.exepath", "Executable of the process that leads the group"),
    text("proc.pgid.name", "Name of the process that leads the group"),
    number("proc.pidns_init_start_ts", "When the pid namespace began, ns since the epoch"),
    text("proc.stderr.name", "What standard error is"),
    text("proc.stdin.name", "What standard input is"),
    text("proc.stdout.name", "What standard output is"),
    number("proc.vmrss", "Resident memory, kB"),
    number("proc.vmsize", "Virtual memory, kB"),
    number("proc.vmswap", "Swapped memory, kB"),
    number("proc.vpgid", "Process group as the process itself sees it"),
    text("proc.vpgid.exe", "argv[0] of the process that leads the group"),
    text("proc.vpgid.exepath", "Executable of the process that leads the group"),
    text("proc.vpgid.name", "Name of the process that leads the group"),
    text("thread.cap_inheritable", "Inheritable capabilities"),
    text("thread.cgroup", "Control group of a controller; systemd.cgroup is the only one of cgroup2", ArgKind::ignored),
    text("thread.cgroups", "Control groups of all controllers"),
    number("thread.cpu", "Time on processors in the last second, percent"),
    number("thread.cpu.system", "… in the kernel"),
    number("thread.cpu.user", "… in user space"),
    number("thread.exectime", "Nanoseconds on processors since the thread was last put on one"),
    text("thread.nametid", "Name and thread id"),
    number("thread.pfmajor", "Page faults that read from a disk"),
    number("thread.pfminor", "Page faults that did not"),
    number("thread.totexectime", "Nanoseconds on processors"),
    number("thread.vmrss", "Resident memory of the process, kB"),
    number("thread.vmrss.b", "… bytes"),
    number("thread.vmsize", "Virtual memory of the process, kB"),
    number("thread.vmsize.b", "… bytes"),
    number("thread.vtid", "Thread id as the thread itself sees it"),
    text("user.homedir", "Home directory of the effective user"),
    text("user.shell", "Shell of the effective user"),
    number("util.cnt", "How often it was asked for"),
};

} // namespace

std::span<const Field> unsupplied_fields() noexcept {
    return kUnsuppliedFields;
}

} // namespace rwatch::event
