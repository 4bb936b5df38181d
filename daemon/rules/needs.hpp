// SPDX-License-Identifier: MIT OR Apache-2.0
// Of which things one must be there for a condition to be true: the weakest that can be said of a whole condition from
// what is known of its tests. What the kernel is asked for (interest) and which rules are tried (rule_index) both rest
// on it; what a thing is, and what a test says, is theirs.
#pragma once

#include "rules/program.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace rwatch::rules {

template <typename Item> struct Need {
    enum class Kind : std::uint8_t {
        never,  ///< it is true of no event of these calls
        some,   ///< one of `items` must be there
        unknown ///< nothing can be said: it may be true of any
    };
    Kind kind = Kind::unknown;
    std::shared_ptr<const std::set<Item>> items;
    double share =
        1; ///< a guess at what it lets through: of parts that must all be true the one with the least is kept
};

/// Works needs out, each node's once.
template <typename Item> class NeedFinder {
  public:
    /// What a test says where it is true (or false) of one of the calls.
    using OfTest = std::function<Need<Item>(std::uint32_t test, bool truth)>;

    /// most: items of one need; with more it is unknown.
    NeedFinder(const Program& program, const event::CallSet& calls, std::size_t most, OfTest of_test)
        : program_(program), calls_(calls), most_(most), of_test_(std::move(of_test)) {}

    /// For a node to be true, or false. Depth is bounded by the compiler.
    const Need<Item>& find(std::uint32_t index, bool truth) {
        const auto place = std::pair(index, truth);
        if (const auto known = known_.find(place); known != known_.end())
            return known->second;
        auto found = work_out(program_.nodes[index], truth);
        return known_.emplace(place, std::move(found)).first->second;
    }

    /// Tests say something else from now on.
    void forget() noexcept { known_.clear(); }

  private:
    using Kind = typename Need<Item>::Kind;

    Need<Item> work_out(const ProgramNode& node, bool truth) {
        if (((truth ? node.outcomes.may_hold : node.outcomes.may_fail) & calls_).none())
            return {Kind::never, nullptr, 0};
        switch (node.op) {
        case ProgramNode::Op::test:
            return of_test_(node.first, truth);
        case ProgramNode::Op::negation:
            return find(program_.children[node.first], !truth);
        default:
            return (node.op == ProgramNode::Op::all) == truth ? of_all(node, truth) : of_any(node, truth);
        }
    }

    /// All parts must be so: any one of their needs will do.
    Need<Item> of_all(const ProgramNode& node, bool truth) {
        Need<Item> best;
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const auto& part = find(program_.children[node.first + i], truth);
            if (part.kind == Kind::never)
                return part;
            if (part.kind == Kind::some && (best.kind != Kind::some || part.share < best.share))
                best = part;
        }
        return best;
    }

    /// One part must be so.
    Need<Item> of_any(const ProgramNode& node, bool truth) {
        std::set<Item> items;
        Need<Item> out{Kind::never, nullptr, 0};
        for (std::uint32_t i = 0; i < node.count; ++i) {
            const auto& part = find(program_.children[node.first + i], truth);
            if (part.kind == Kind::never)
                continue;
            if (part.kind == Kind::unknown || items.size() + part.items->size() > most_)
                return {};
            out.kind = Kind::some;
            out.share += part.share;
            items.insert(part.items->begin(), part.items->end());
        }
        if (out.kind == Kind::some)
            out.items = std::make_shared<const std::set<Item>>(std::move(items));
        return out;
    }

    const Program& program_;
    event::CallSet calls_;
    std::size_t most_;
    OfTest of_test_;
    std::map<std::pair<std::uint32_t, bool>, Need<Item>> known_;
};

} // namespace rwatch::rules
