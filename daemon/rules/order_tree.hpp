// SPDX-License-Identifier: MIT OR Apache-2.0
// Numbers in order, with the n-th of them found fast: what percentiles of a sliding window need. Many trees share one
// array of nodes; a node is named by the index of the item that it belongs to. A treap: its shape depends on a secret,
// not on what an attacker makes the numbers be.
#pragma once

#include "rules/hash_index.hpp"

#include <cstdint>
#include <vector>

namespace rwatch::rules {

class OrderTree {
  public:
    explicit OrderTree(std::uint64_t secret) noexcept : secret_(secret | 1U) {}

    /// Room for items below this. May throw bad_alloc.
    void resize(std::size_t items) { nodes_.resize(items); }

    /// The item is in no tree. root: kNoItem for an empty tree.
    void insert(std::uint32_t& root, std::uint32_t item, std::int64_t value) noexcept {
        nodes_[item] = {value, kNoItem, kNoItem, 1};
        std::uint32_t less = kNoItem, rest = kNoItem;
        split(root, item, less, rest);
        root = merge(merge(less, item), rest);
    }

    /// The item is in this tree.
    void erase(std::uint32_t& root, std::uint32_t item) noexcept {
        auto* place = &root;
        while (*place != item) {
            --nodes_[*place].size;
            place = before(*place, item) ? &nodes_[*place].right : &nodes_[*place].left;
        }
        *place = merge(nodes_[item].left, nodes_[item].right);
    }

    /// rank counts from 0 and is below the tree's size.
    [[nodiscard]] std::int64_t at(std::uint32_t root, std::uint32_t rank) const noexcept {
        for (;;) {
            const auto& node = nodes_[root];
            const auto left = size(node.left);
            if (rank == left)
                return node.value;
            root = rank < left ? node.left : node.right;
            rank -= rank < left ? 0 : left + 1;
        }
    }

    [[nodiscard]] std::uint32_t size(std::uint32_t root) const noexcept {
        return root == kNoItem ? 0 : nodes_[root].size;
    }

  private:
    struct Node {
        std::int64_t value = 0;
        std::uint32_t left = kNoItem, right = kNoItem, size = 0;
    };

    [[nodiscard]] std::uint64_t priority(std::uint32_t item) const noexcept {
        auto x = (item + 1) * secret_;
        x ^= x >> 29U;
        x *= 0xbf58476d1ce4e5b9ULL;
        return x ^ x >> 32U;
    }
    [[nodiscard]] bool before(std::uint32_t a, std::uint32_t b) const noexcept {
        return nodes_[a].value != nodes_[b].value ? nodes_[a].value < nodes_[b].value : a < b;
    }
    void count(std::uint32_t node) noexcept {
        nodes_[node].size = size(nodes_[node].left) + size(nodes_[node].right) + 1;
    }

    // The depth of recursion is that of the tree: about twice the logarithm of its size.
    void split(std::uint32_t tree, std::uint32_t item, std::uint32_t& less, std::uint32_t& rest) noexcept {
        if (tree == kNoItem) {
            less = rest = kNoItem;
        } else if (before(tree, item)) {
            std::uint32_t right = kNoItem;
            split(nodes_[tree].right, item, right, rest);
            nodes_[tree].right = right;
            count(less = tree);
        } else {
            std::uint32_t left = kNoItem;
            split(nodes_[tree].left, item, less, left);
            nodes_[tree].left = left;
            count(rest = tree);
        }
    }
    std::uint32_t merge(std::uint32_t a, std::uint32_t b) noexcept {
        if (a == kNoItem || b == kNoItem)
            return a == kNoItem ? b : a;
        if (priority(a) > priority(b)) {
            nodes_[a].right = merge(nodes_[a].right, b);
            count(a);
            return a;
        }
        nodes_[b].left = merge(a, nodes_[b].left);
        count(b);
        return b;
    }

    std::uint64_t secret_;
    std::vector<Node> nodes_;
};

} // namespace rwatch::rules
