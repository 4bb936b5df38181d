// SPDX-License-Identifier: MIT OR Apache-2.0
// What goes through io_uring: the rings, and each operation that is told, submitted by the process itself and by the
// kernel's polling thread.
#include "watcher.hpp"

#include "event/decode.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace rwatch;
using namespace rwatch::test;

namespace {

// Operations that the builder's headers may lack.
constexpr std::uint8_t kUringCmd = 46;

bool sees_submissions() {
    for (const auto& probe : watcher().probes())
        if (probe.name == "io_uring")
            return probe.attached.find("io_uring_submit") != std::string::npos;
    return false;
}

/// One ring, one request at a time.
class Ring {
  public:
    explicit Ring(unsigned flags) {
        io_uring_params params{};
        params.flags = flags;
        params.sq_thread_idle = 1000; // ms
        fd_ = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &params));
        if (fd_ < 0)
            return;
        polled_ = (flags & IORING_SETUP_SQPOLL) != 0;
        sq_ = map(params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
        cq_ = map(params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe), IORING_OFF_CQ_RING);
        sqes_ = reinterpret_cast<io_uring_sqe*>(map(params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
        params_ = params;
    }
    [[nodiscard]] bool there() const { return fd_ >= 0; }

    /// Submits and waits; the result.
    int operator()(const io_uring_sqe& request) {
        auto& tail = word(sq_, params_.sq_off.tail);
        const unsigned at = tail & word(sq_, params_.sq_off.ring_mask);
        sqes_[at] = request;
        (&word(sq_, params_.sq_off.array))[at] = at;
        std::atomic_ref(tail).store(tail + 1, std::memory_order_release);
        unsigned enter = IORING_ENTER_GETEVENTS;
        if (polled_)
            enter |= IORING_ENTER_SQ_WAKEUP;
        ::syscall(SYS_io_uring_enter, fd_, 1, 1, enter, nullptr, 0);
        auto& head = word(cq_, params_.cq_off.head);
        const auto* done = reinterpret_cast<const io_uring_cqe*>(cq_ + params_.cq_off.cqes);
        const int result = done[head & word(cq_, params_.cq_off.ring_mask)].res;
        std::atomic_ref(head).store(head + 1, std::memory_order_release);
        return result;
    }

  private:
    char* map(std::size_t size, long offset) const {
        return static_cast<char*>(
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, offset));
    }
    static unsigned& word(char* ring, unsigned offset) { return *reinterpret_cast<unsigned*>(ring + offset); }

    int fd_ = -1;
    bool polled_ = false;
    char *sq_ = nullptr, *cq_ = nullptr;
    io_uring_sqe* sqes_ = nullptr;
    io_uring_params params_{};
};

io_uring_sqe request(std::uint8_t opcode, int fd, const void* address, std::uint32_t length = 0,
                     std::uint64_t offset = 0, std::uint32_t flags = 0) {
    io_uring_sqe sqe{};
    sqe.opcode = opcode;
    sqe.fd = fd;
    sqe.addr = reinterpret_cast<std::uint64_t>(address);
    sqe.len = length;
    sqe.off = offset;
    sqe.open_flags = flags;
    return sqe;
}

std::uint64_t pointer(const void* address) {
    return reinterpret_cast<std::uint64_t>(address);
}

Record single(const Records& records) {
    REQUIRE(records.size() == 1);
    CHECK((records[0].common().flags & RW_F_IO_URING) != 0);
    return records[0];
}

/// Those that were told when they were submitted: not the system calls of the test itself.
Records submitted(const Run& result, unsigned kind) {
    Records found;
    for (const auto& record : result.of(kind))
        if ((record.common().flags & RW_F_IO_URING) != 0)
            found.push_back(record);
    return found;
}

} // namespace

TEST_CASE("io_uring: every operation on names, and connect") {
    if (!sees_submissions()) {
        WARN("submissions are not seen on this way");
        return;
    }
    const Directory directory;
    const auto file = directory.file("f");
    const bool polled = GENERATE(false, true);
    const auto result = run([&] {
        if (::chdir(directory.path().c_str()) != 0)
            return 1;
        Ring ring(polled ? IORING_SETUP_SQPOLL : 0);
        if (!ring.there())
            return errno == EPERM || errno == ENOSYS ? 77 : 2;
        open_how how{};
        how.flags = O_RDWR | O_CREAT;
        how.mode = 0640;
        shared().numbers[0] =
            static_cast<std::uint64_t>(ring(request(IORING_OP_OPENAT, AT_FDCWD, file.c_str(), 0, 0, O_RDONLY)));
        shared().numbers[1] =
            static_cast<std::uint64_t>(ring(request(IORING_OP_OPENAT2, AT_FDCWD, "new", sizeof(how), pointer(&how))));
        ring(request(IORING_OP_MKDIRAT, AT_FDCWD, "folder", 0750));
        ring(request(IORING_OP_RENAMEAT, AT_FDCWD, "new", static_cast<std::uint32_t>(AT_FDCWD), pointer("newer")));
        ring(request(IORING_OP_LINKAT, AT_FDCWD, "newer", static_cast<std::uint32_t>(AT_FDCWD), pointer("hard")));
        ring(request(IORING_OP_SYMLINKAT, AT_FDCWD, "text", 0, pointer("soft")));
        ring(request(IORING_OP_UNLINKAT, AT_FDCWD, "folder", 0, 0, AT_REMOVEDIR));
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(9);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ring(request(IORING_OP_CONNECT, fd, &address, 0, sizeof(address)));
        shared().numbers[2] = static_cast<std::uint64_t>(fd);
        ring(request(IORING_OP_NOP, -1, nullptr));
        const int opened = ::open("f", O_RDONLY | O_CLOEXEC);
        ring(request(kUringCmd, opened, nullptr));
        return 0;
    });
    if (WEXITSTATUS(result.status) == 77) {
        WARN("this kernel lets nobody use io_uring");
        return;
    }
    REQUIRE(result.status == 0);
    const auto here = directory.path();
    CHECK(static_cast<std::int64_t>(shared().numbers[0]) >= 0);
    CHECK(static_cast<std::int64_t>(shared().numbers[1]) >= 0);

    const auto opens = submitted(result, RW_OPEN);
    REQUIRE(opens.size() == 2);
    CHECK(opens[0].common().call == RW_CALL_OPENAT);
    CHECK(opens[0].common().pid == static_cast<std::uint32_t>(result.pid));
    CHECK(opens[0].text(opens[0].as<rw_open>().raw) == file);
    CHECK(opens[0].as<rw_open>().base.path.len == 0);
    CHECK((opens[0].as<rw_open>().open_flags & O_ACCMODE) == O_RDONLY);
    CHECK(opens[0].as<rw_open>().ret == 0);
    CHECK((opens[0].common().flags & RW_F_IO_URING) != 0);
    CHECK(opens[1].common().call == RW_CALL_OPENAT2);
    CHECK(opens[1].text(opens[1].as<rw_open>().raw) == "new");
    CHECK(opens[1].text(opens[1].as<rw_open>().base.path) == here);
    CHECK((opens[1].as<rw_open>().open_flags & (O_ACCMODE | O_CREAT)) == (O_RDWR | O_CREAT));
    CHECK(opens[1].as<rw_open>().mode == 0640);
    CHECK(opens[1].as<rw_open>().dfd == AT_FDCWD);

    const auto made = single(submitted(result, RW_MKDIR));
    CHECK(made.text(made.as<rw_fsop>().raw) == "folder");
    CHECK(made.text(made.as<rw_fsop>().base.path) == here);
    CHECK(made.as<rw_fsop>().mode == 0750);
    const auto renamed = single(submitted(result, RW_RENAME));
    CHECK(renamed.common().call == RW_CALL_RENAMEAT2);
    CHECK(renamed.text(renamed.as<rw_fsop>().raw) == "new");
    CHECK(renamed.text(renamed.as<rw_fsop>().raw2) == "newer");
    CHECK(renamed.text(renamed.as<rw_fsop>().base2.path) == here);
    const auto linked = single(submitted(result, RW_LINK));
    CHECK(linked.text(linked.as<rw_fsop>().raw) == "newer");
    CHECK(linked.text(linked.as<rw_fsop>().raw2) == "hard");
    const auto symlinked = single(submitted(result, RW_SYMLINK));
    CHECK(symlinked.text(symlinked.as<rw_fsop>().raw) == "text");
    CHECK(symlinked.text(symlinked.as<rw_fsop>().raw2) == "soft");
    CHECK(symlinked.text(symlinked.as<rw_fsop>().base2.path) == here);
    const auto removed = single(submitted(result, RW_UNLINK));
    CHECK(removed.text(removed.as<rw_fsop>().raw) == "folder");
    CHECK(removed.as<rw_fsop>().call_flags == AT_REMOVEDIR);

    const auto connected = single(submitted(result, RW_CONNECT));
    const auto& c = connected.as<rw_connect>();
    CHECK(c.family == AF_INET);
    CHECK(c.rport == 9);
    CHECK(c.raddr[0] == 127);
    CHECK(c.fd == static_cast<int>(shared().numbers[2]));
    CHECK(c.type == SOCK_STREAM);
    CHECK(c.protocol == IPPROTO_TCP);

    const auto others = result.of(RW_IO_URING);
    REQUIRE(others.size() == 2);
    CHECK(others[0].common().call == RW_CALL_IO_URING_SETUP);
    CHECK(others[0].as<rw_syscall>().args[0] == 4);
    CHECK(others[0].as<rw_syscall>().ret > 2);
    CHECK(others[1].common().call == RW_CALL_IO_URING_SUBMIT);
    CHECK(others[1].as<rw_syscall>().args[0] == kUringCmd);
    CHECK(others[1].text(others[1].as<rw_syscall>().path.path) == file);
}

TEST_CASE("io_uring: rings that fail, and what is registered") {
    const auto result = run([] {
        ::syscall(SYS_io_uring_setup, 0, nullptr);
        ::syscall(SYS_io_uring_register, -1L, 9, nullptr, 3);
        return 0;
    });
    const auto records = result.of(RW_IO_URING);
    REQUIRE(records.size() == 2);
    CHECK(records[0].as<rw_syscall>().ret < 0);
    CHECK(records[1].common().call == RW_CALL_IO_URING_REGISTER);
    CHECK(records[1].as<rw_syscall>().args[1] == 9);
    CHECK(records[1].as<rw_syscall>().args[3] == 3);
    CHECK(records[1].as<rw_syscall>().ret < 0);
}
