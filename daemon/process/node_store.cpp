// SPDX-License-Identifier: MIT OR Apache-2.0
#include "process/node_store.hpp"

#include <algorithm>

namespace rwatch::process {

namespace {

constexpr std::size_t kMostSpare = 1024;    // nodes kept for their memory
constexpr std::size_t kLargestSpare = 4096; // bytes of strings that such a node may hold
constexpr std::size_t kMostBytes = NodeStore::kMaxBytes + NodeStore::kMaxBytes / 4;
constexpr std::size_t kPruneShare = 8; // pruning waits until 1/8 of the room is pinned

std::size_t footprint(const event::Process& p) noexcept {
    return p.exe_path.capacity() + p.argv.capacity() + p.cmdline.capacity() + p.cwd.capacity() + p.filename.capacity() +
           p.script.capacity();
}

/// Empties a process but keeps the memory of its strings.
void clear(event::Process& p) noexcept {
    for (auto* text : {&p.comm, &p.exe_path, &p.argv, &p.cmdline, &p.cwd, &p.filename, &p.script})
        text->clear();
    event::Process empty;
    for (auto [from, to] : {std::pair{&p.comm, &empty.comm},
                            {&p.exe_path, &empty.exe_path},
                            {&p.argv, &empty.argv},
                            {&p.cmdline, &empty.cmdline},
                            {&p.cwd, &empty.cwd},
                            {&p.filename, &empty.filename},
                            {&p.script, &empty.script}})
        to->swap(*from);
    p = std::move(empty);
}

} // namespace

std::list<Node>& NodeStore::list_of(const Node& node) noexcept {
    switch (node.state) {
    case Node::State::dead:
        return dead_;
    case Node::State::pinned:
        return pinned_;
    case Node::State::live:
        break;
    }
    return live_;
}

bool NodeStore::same_start(const Node& node, std::uint64_t start_ns, bool exact) const noexcept {
    if (exact && node.exact)
        return node.process.start_ns == start_ns;
    return ticks(node.process.start_ns) == ticks(start_ns);
}

Node* NodeStore::find(std::uint32_t pid, std::uint64_t start_ns, bool exact) noexcept {
    const auto found = newest_.find(pid);
    if (found == newest_.end())
        return nullptr;
    Node* node = found->second;
    if (start_ns == 0)
        return node;
    for (std::size_t passed = 0; node != nullptr && !same_start(*node, start_ns, exact); node = node->older)
        if (++passed == kMaxOlder)
            return nullptr;
    if (node != nullptr && exact && !node->exact) {
        node->process.start_ns = start_ns;
        node->exact = true;
    }
    return node;
}

void NodeStore::index(Node& node, std::uint64_t now) noexcept {
    Node*& newest = newest_[node.process.pid];
    Node* other = newest;
    if (other != nullptr && other->process.start_ns > node.process.start_ns) {
        // A late event of a process that we had forgotten.
        node.older = other->older;
        node.newer = other;
        if (node.older != nullptr)
            node.older->newer = &node;
        other->older = &node;
        retire(node, now);
        return;
    }
    node.older = other;
    newest = &node;
    if (other == nullptr)
        return;
    other->newer = &node;
    if (other->state == Node::State::live) {
        ++counters_.reused;
        retire(*other, now);
    }
}

Node* NodeStore::make(std::uint32_t pid, std::uint64_t start_ns, bool exact, std::uint64_t now, Node* held) {
    held_ = held;
    const bool room = make_room();
    held_ = nullptr;
    if (!room) {
        ++counters_.refused;
        return nullptr;
    }
    if (spare_.empty())
        spare_.emplace_front();
    live_.splice(live_.end(), spare_, spare_.begin());
    auto& node = live_.back();
    node.self = std::prev(live_.end());
    node.process.pid = node.process.vpid = pid;
    node.process.start_ns = start_ns;
    node.exact = exact;
    node.used = true;
    index(node, now);
    return &node;
}

bool NodeStore::set_parent(Node& node, Node* parent) noexcept {
    if (node.children != 0 || node.parent != nullptr || parent == nullptr || parent == &node)
        return false;
    node.parent = parent;
    node.process.parent = &parent->process;
    ++parent->children;
    return true;
}

void NodeStore::set_session(Node& node, std::uint32_t sid) {
    auto& p = node.process;
    if (node.session == nullptr || p.sid != sid) {
        leave_session(node);
        if (sid != 0) {
            node.session = &sessions_[sid];
            ++node.session->nodes;
            node.session->living += node.state == Node::State::live ? 1 : 0;
        }
    }
    p.sid = sid;
    p.session_size = node.session == nullptr ? nullptr : &node.session->living;
}

void NodeStore::leave_session(Node& node) noexcept {
    if (node.session == nullptr)
        return;
    node.session->living -= node.state == Node::State::live ? 1 : 0;
    if (--node.session->nodes == 0)
        sessions_.erase(node.process.sid);
    node.session = nullptr;
    node.process.session_size = nullptr;
}

void NodeStore::retire(Node& node, std::uint64_t now) noexcept {
    if (node.state != Node::State::live)
        return;
    if (node.session != nullptr)
        --node.session->living;
    node.process.alive = false;
    node.exit_ns = now;
    node.state = Node::State::dead;
    dead_.splice(dead_.end(), live_, node.self);
}

void NodeStore::forget_oldest() noexcept {
    auto& node = dead_.front();
    if (node.children == 0 && &node != held_) {
        destroy(&node);
        return;
    }
    node.state = Node::State::pinned;
    pinned_.splice(pinned_.end(), dead_, node.self);
}

void NodeStore::remove(Node& node) noexcept {
    if (node.older != nullptr)
        node.older->newer = node.newer;
    if (node.newer != nullptr)
        node.newer->older = node.older;
    else if (node.older != nullptr)
        newest_[node.process.pid] = node.older;
    else
        newest_.erase(node.process.pid);
    leave_session(node);
    bytes_ -= node.bytes;
    auto& from = list_of(node);
    if (spare_.size() >= kMostSpare || node.bytes > kLargestSpare) {
        from.erase(node.self);
        return;
    }
    spare_.splice(spare_.begin(), from, node.self);
    Node fresh;
    clear(node.process);
    std::swap(fresh.process, node.process);
    node = std::move(fresh);
}

void NodeStore::destroy(Node* node) noexcept {
    while (node != nullptr) {
        Node* parent = node->parent;
        remove(*node);
        const bool last = parent != nullptr && --parent->children == 0;
        node = last && parent->state == Node::State::pinned && parent != held_ ? parent : nullptr;
    }
}

void NodeStore::mark_ancestors(Node& node) noexcept {
    auto left = kMostAncestors;
    for (Node* n = &node; n != nullptr; n = n->parent, --left) {
        if (n->mark == round_ && n->mark_left >= left)
            return;
        n->mark = round_;
        n->mark_left = left;
        if (left == 0)
            return;
    }
}

void NodeStore::prune() noexcept {
    ++round_;
    if (held_ != nullptr)
        mark_ancestors(*held_);
    for (auto* list : {&live_, &dead_})
        for (auto& node : *list)
            mark_ancestors(node);
    const auto unneeded = [&](const Node& node) { return node.state == Node::State::pinned && node.mark != round_; };
    for (auto* list : {&live_, &dead_, &pinned_})
        for (auto& node : *list) {
            if (node.parent == nullptr || !unneeded(*node.parent))
                continue;
            --node.parent->children;
            node.parent = nullptr;
            node.process.parent = nullptr;
        }
    for (auto next = pinned_.begin(); next != pinned_.end();) {
        auto& node = *next++;
        if (!unneeded(node))
            continue;
        // Cut loose above: it has no parent and no children, so it alone goes.
        remove(node);
        ++counters_.evicted_dead;
    }
}

Node* NodeStore::next_live() noexcept {
    if (live_.empty())
        return nullptr;
    live_.splice(live_.end(), live_, live_.begin());
    return &live_.back();
}

bool NodeStore::evict_live() noexcept {
    for (std::size_t seen = 0; seen < std::min(kMaxScan, live_.size()); ++seen) {
        auto* node = next_live();
        if (node->children != 0 || node == held_)
            continue;
        // Second chance; the last one looked at has none left.
        if (node->used && seen + 1 < kMaxScan / 2) {
            node->used = false;
            continue;
        }
        destroy(node);
        ++counters_.evicted_live;
        return true;
    }
    return false;
}

bool NodeStore::make_room() noexcept {
    const auto full = [&] { return size() >= capacity_; };
    while (!dead_.empty() && (full() || bytes_ >= kMaxBytes)) {
        counters_.evicted_dead += dead_.front().children == 0 ? 1 : 0;
        forget_oldest();
    }
    if (full() && pinned_.size() >= std::max<std::size_t>(1, capacity_ / kPruneShare))
        prune();
    // Arguments are cut first (see account); where that is not enough, the living go too: they come back from /proc.
    while (full() || bytes_ >= kMostBytes)
        if (!evict_live())
            return !full();
    return true;
}

void NodeStore::account(Node& node) noexcept {
    bytes_ -= node.bytes;
    node.bytes = footprint(node.process);
    bytes_ += node.bytes;
    if (bytes_ <= kMaxBytes || node.process.argv.size() <= kShortArgs)
        return;
    auto& p = node.process;
    for (auto* text : {&p.argv, &p.cmdline}) {
        text->resize(std::min(text->size(), kShortArgs));
        text->shrink_to_fit();
    }
    p.args_truncated = true;
    ++counters_.trimmed;
    bytes_ -= node.bytes;
    node.bytes = footprint(p);
    bytes_ += node.bytes;
}

} // namespace rwatch::process
