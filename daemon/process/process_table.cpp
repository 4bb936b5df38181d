// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/process_table.hpp"

#include "core/time.hpp"
#include "process/lexical.hpp"

#include <algorithm>

namespace rwatch::process {

namespace {

void assign(std::string& to, std::string_view from) {
    if (to != from)
        to = from;
}

/// What the event says of its own process and may have changed since the last one. Credentials and comm belong to
/// threads: the first one speaks for all.
void take_identity(event::Process& p, const event::Event& e) {
    if (e.tid != e.pid)
        return;
    p.uid = e.uid;
    p.euid = e.euid;
    p.gid = e.gid;
    p.egid = e.egid;
    p.loginuid = e.loginuid;
    p.session = e.session;
    assign(p.comm, e.comm);
}

/// All that can be known of a process from one event.
void take_all(event::Process& p, const event::Event& e) {
    p.vpid = e.vpid;
    p.ppid = e.ppid;
    p.uid = e.uid;
    p.euid = e.euid;
    p.gid = e.gid;
    p.egid = e.egid;
    p.loginuid = e.loginuid;
    p.session = e.session;
    p.exe.id = e.exe;
    assign(p.comm, e.comm);
    assign(p.cmdline, e.comm);
}

} // namespace

ProcessTable::ProcessTable(std::size_t capacity, Units& units, std::string proc_root)
    : reader_(std::move(proc_root)), units_(units), nodes_(std::max<std::size_t>(capacity, 1), reader_.tick_ns()) {}

ProcessTable::Counters ProcessTable::counters() const noexcept {
    Counters out = counters_;
    out.nodes = nodes_.counters();
    return out;
}

const event::Process* ProcessTable::find(std::uint32_t pid) noexcept {
    const Node* node = nodes_.find(pid, 0, false);
    return node == nullptr ? nullptr : &node->process;
}

void ProcessTable::take(Node& node, ProcInfo&& info) {
    auto& p = info.process;
    p.parent = node.process.parent;
    p.start_ns = node.exact ? node.process.start_ns : p.start_ns;
    p.exec_ns = node.process.exec_ns;
    p.alive = node.process.alive;
    node.use = units_.find(cgroup_in(info.cgroup), node.cgroup);
    p.placement = node.use.get();
    const auto sid = p.sid;
    p.sid = node.process.sid;
    p.session_size = node.process.session_size;
    node.process = std::move(p);
    nodes_.set_session(node, sid);
    node.partial = false;
    nodes_.account(node);
}

void ProcessTable::fill_from_proc() {
    std::vector<ProcInfo> found;
    for (const auto pid : reader_.pids(ProcessTable::kCapacity))
        if (auto info = reader_.read(pid))
            found.push_back(std::move(*info));
    // Parents start before their children: in this order each finds its parent in the table, and no ring can come
    // about.
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.process.start_ns < b.process.start_ns; });
    for (auto& info : found) {
        const auto pid = info.process.pid, ppid = info.process.ppid;
        const auto start = info.process.start_ns;
        if (nodes_.find(pid, start, false) != nullptr)
            continue;
        Node* node = nodes_.make(pid, start, false, start);
        if (node == nullptr)
            return;
        take(*node, std::move(info));
        if (ppid != 0)
            nodes_.set_parent(*node, nodes_.find(ppid, 0, false));
    }
}

bool ProcessTable::may_repair(std::uint64_t now) noexcept {
    const auto second = now / static_cast<std::uint64_t>(kSecond);
    if (second != repair_second_) {
        repair_second_ = second;
        repairs_left_ = kRepairsPerSecond;
    }
    if (repairs_left_ == 0)
        return false;
    --repairs_left_;
    return true;
}

/// A process that no event made known, from /proc; its unknown ancestors too.
Node* ProcessTable::load(std::uint32_t pid, std::uint64_t start_ns, std::uint64_t now, std::size_t depth) {
    if (pid == 0)
        return nullptr;
    if (Node* known = nodes_.find(pid, start_ns, start_ns != 0))
        return known;
    if (depth == 0 || !may_repair(now))
        return nullptr;
    auto info = reader_.read(pid);
    if (!info || (start_ns != 0 && reader_.ticks(start_ns) != reader_.ticks(info->process.start_ns)))
        return nullptr;
    const auto ppid = info->process.ppid;
    Node* parent = load(ppid, 0, now, depth - 1);
    Node* node = nodes_.make(pid, start_ns != 0 ? start_ns : info->process.start_ns, start_ns != 0, now);
    if (node == nullptr)
        return nullptr;
    take(*node, std::move(*info));
    // Making room may have cost us the parent: look again.
    nodes_.set_parent(*node, parent == nullptr ? nullptr : nodes_.find(ppid, 0, false));
    ++counters_.repaired;
    return node;
}

Node& ProcessTable::node_of(const event::Event& e) {
    Node* node = nodes_.find(e.pid, e.start_ns, e.start_ns != 0);
    if (node == nullptr && e.kind != event::Kind::exec)
        node = load(e.pid, e.start_ns, e.boot_ns, kRepairDepth);
    if (node != nullptr)
        return *node;
    // Gone already, or about to be described by its exec.
    if (e.kind != event::Kind::exec)
        ++counters_.incomplete;
    (void)load(e.ppid, e.parent_start_ns, e.boot_ns, kRepairDepth);
    node = nodes_.make(e.pid, e.start_ns, e.start_ns != 0, e.boot_ns);
    if (node == nullptr) {
        unplaced_ = Node{};
        node = &unplaced_;
        node->process.pid = e.pid;
        node->process.start_ns = e.start_ns;
    }
    take_all(node->process, e);
    if (node != &unplaced_) {
        if (e.ppid != 0)
            nodes_.set_parent(*node, nodes_.find(e.ppid, e.parent_start_ns, e.parent_start_ns != 0));
        nodes_.account(*node);
    }
    node->partial = e.kind != event::Kind::exec && e.kind != event::Kind::exit;
    return *node;
}

/// Reads the image again from /proc; false where the process is gone.
bool ProcessTable::repair(Node& node, const event::Event& e) {
    if (!may_repair(e.boot_ns))
        return false;
    node.partial = false; // one try: who is gone does not come back
    auto info = reader_.read(e.pid);
    if (!info || (e.start_ns != 0 && reader_.ticks(e.start_ns) != reader_.ticks(info->process.start_ns)))
        return false;
    const auto ppid = node.process.ppid;
    take(node, std::move(*info));
    node.process.ppid = ppid;
    ++counters_.repaired;
    return true;
}

/// Compares the executable that the event tells with the one we know: where they differ, an exec was lost.
void ProcessTable::check_image(Node& node, const event::Event& e) {
    auto& p = node.process;
    if (!e.exe || e.kind == event::Kind::exec || e.kind == event::Kind::exit || e.exe == node.kernel_exe)
        return;
    const bool first = !node.kernel_exe;
    node.kernel_exe = e.exe;
    if (first && (!p.exe.id || p.exe.id == e.exe)) {
        p.exe.id = e.exe;
        return;
    }
    // Right after the start this may also be a file system whose inodes /proc tells otherwise; one more reading does no
    // harm.
    counters_.lost_execs += first ? 0 : 1;
    if (!repair(node, e) && !first) {
        p.exe_path.clear();
        p.argv.clear();
        p.filename.clear();
        p.script.clear();
        p.exe = {};
        assign(p.cmdline, e.comm);
        p.exe_memfd = p.exe_unlinked = false;
        node.partial = true;
    }
    p.exe.id = e.exe;
}

void ProcessTable::on_exec(Node& node, const event::Event& e) {
    auto& p = node.process;
    assign(p.exe_path, e.object.name);
    p.exe = e.object.file;
    if (!p.exe.id)
        p.exe.id = e.exe;
    node.kernel_exe = e.exe ? e.exe : p.exe.id;
    assign(p.comm, e.comm);
    assign(p.argv, e.argv);
    p.cmdline = compose_cmdline(p.comm, p.argv);
    assign(p.cwd, e.cwd);
    assign(p.filename, e.filename);
    p.script.clear();
    if (!e.interp.empty())
        append_normal(p.script, e.cwd, e.filename);
    p.cap_effective = e.cap_effective;
    p.cap_permitted = e.cap_permitted;
    p.tty = e.tty;
    p.streams = e.streams;
    p.execed = true;
    p.exe_memfd = (e.flags & event::kFlagMemfd) != 0;
    p.exe_unlinked = (e.flags & event::kFlagUnlinked) != 0;
    p.args_truncated = (e.flags & event::kFlagArgvTruncated) != 0;
    p.exec_ns = e.boot_ns;
    node.partial = false;
    if (&node != &unplaced_) {
        nodes_.set_session(node, e.sid);
        nodes_.account(node);
    }
}

void ProcessTable::on_fork(Node& parent, const event::Event& e) {
    if (&parent == &unplaced_ || e.child_pid == 0)
        return;
    const bool exact = e.child_start_ns != 0;
    if (Node* known = nodes_.find(e.child_pid, exact ? e.child_start_ns : e.boot_ns, exact)) {
        nodes_.set_parent(*known, &parent);
        return;
    }
    Node* child = nodes_.make(e.child_pid, exact ? e.child_start_ns : e.boot_ns, exact, e.boot_ns, &parent);
    if (child == nullptr)
        return;
    auto& p = child->process;
    const auto start = p.start_ns;
    p = parent.process;
    p.pid = e.child_pid;
    p.vpid = e.child_vpid;
    p.ppid = e.pid;
    p.start_ns = start;
    p.parent = nullptr;
    p.exec_ns = 0;
    p.execed = false;
    p.sid = 0;
    p.session_size = nullptr;
    nodes_.set_session(*child, parent.process.sid);
    p.alive = child->state == Node::State::live;
    // Whichever thread forked: its credentials are the child's.
    p.uid = e.uid;
    p.euid = e.euid;
    p.gid = e.gid;
    p.egid = e.egid;
    p.loginuid = e.loginuid;
    p.session = e.session;
    assign(p.comm, e.comm);
    child->kernel_exe = parent.kernel_exe;
    child->partial = parent.partial;
    child->cgroup = e.child_cgroup != 0 ? e.child_cgroup : parent.cgroup;
    child->use = child->cgroup == parent.cgroup ? parent.use.share() : units_.find(child->cgroup, e.child_pid);
    p.placement = child->use.get();
    nodes_.set_parent(*child, &parent);
    nodes_.account(*child);
}

void ProcessTable::follow(Node& node, const event::Event& e) {
    switch (e.kind) {
    case event::Kind::exec:
        on_exec(node, e);
        break;
    case event::Kind::fork:
        on_fork(node, e);
        break;
    case event::Kind::exit:
        if (&node != &unplaced_)
            nodes_.retire(node, e.boot_ns);
        break;
    default:
        break;
    }
}

void ProcessTable::place(Node& node, const event::Event& e) noexcept {
    // Who logs in is moved before his shell starts.
    const bool may_have_moved = e.kind == event::Kind::exec && units_.by_process_only(e.cgroup);
    if (e.cgroup == 0 || (e.cgroup == node.cgroup && !may_have_moved))
        return;
    auto use = units_.find(e.cgroup, e.pid);
    const bool gone = e.cgroup == node.cgroup && (use.get() == nullptr || use.get()->cgroup == "/");
    if (gone && node.use.get() != nullptr)
        return;
    node.use = std::move(use);
    node.cgroup = e.cgroup;
    node.process.placement = node.use.get();
}

void ProcessTable::enrich(event::Event& e) noexcept {
    nodes_.reap(e.boot_ns);
    units_.learn(e.cgroup, e.cgroup_names);
    Node& node = node_of(e);
    auto& p = node.process;
    node.used = true;
    if (node.partial && e.kind != event::Kind::exec && &node != &unplaced_)
        (void)repair(node, e);
    if (e.kind == event::Kind::service) { // told by systemd, not by the kernel: nothing new about who it is
        e.process = &p;
        e.placement = p.placement;
        return;
    }
    check_image(node, e);
    // Of what is not known whole, or speaks for another thread, nothing is compared.
    if (!node.partial && e.tid == e.pid)
        e.old_euid = p.euid;
    take_identity(p, e);
    place(node, e);
    follow(node, e);
    if (e.target_pid != 0)
        e.target_process = find(e.target_pid);
    e.process = &p;
    e.placement = p.placement;
}

void ProcessTable::revisit(event::Event& e, event::Process& then) noexcept {
    const Node* node = nodes_.find(e.pid, e.start_ns, e.start_ns != 0);
    then.parent = node == nullptr ? nullptr : node->process.parent;
    then.session_size = node == nullptr ? nullptr : node->process.session_size;
    e.process = &then;
    e.placement = then.placement;
}

Units::Use ProcessTable::place_of(const event::Event& e) noexcept {
    const Node* node = nodes_.find(e.pid, e.start_ns, e.start_ns != 0);
    return node == nullptr ? Units::Use() : node->use.share();
}

void ProcessTable::sweep(std::size_t most, std::uint64_t now) noexcept {
    // Where /proc shows other processes than events do (another pid namespace, hidepid), absence says nothing.
    if (!proc_is_ours_) {
        const auto init = reader_.start_ticks(1);
        const Node* known = nodes_.find(1, 0, false);
        proc_is_ours_ = init && known != nullptr && known->exact && nodes_.ticks(known->process.start_ns) == *init;
    }
    if (!proc_is_ours_)
        return;
    for (most = std::min(most, nodes_.alive()); most > 0; --most) {
        Node* node = nodes_.next_live();
        const auto start = reader_.start_ticks(node->process.pid);
        if (!start || *start != nodes_.ticks(node->process.start_ns))
            nodes_.retire(*node, now);
    }
}

} // namespace rwatch::process
