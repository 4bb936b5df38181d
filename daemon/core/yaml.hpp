// SPDX-License-Identifier: MIT OR Apache-2.0
// Untrusted YAML (and JSON, its subset) as a tree that knows the place of every node. Built from yaml-cpp's event
// stream, not from its document model, so that size, depth and alias expansion stay bounded and duplicate keys are
// seen.
#pragma once

#include "core/diagnostic.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rwatch::yaml {

inline constexpr std::size_t kMaxText = 16U << 20U; ///< bytes of one file
inline constexpr std::size_t kMaxDepth = 64;        ///< nested collections
inline constexpr std::size_t kMaxNodes = 2'000'000; ///< of one file, aliases expanded

enum class NodeKind : std::uint8_t { null, scalar, sequence, map };

/// A value with its place. Move-only would be safer than a silent deep copy, but readers keep parts: copies are deep.
class Node {
  public:
    // Out of line: the vectors of Nodes below can't be copied or destroyed before Node is complete (clang 14 insists).
    Node();
    Node(const Node& other);
    Node(Node&& other) noexcept;
    Node& operator=(const Node& other);
    Node& operator=(Node&& other) noexcept;
    ~Node();

    NodeKind kind = NodeKind::null;
    bool quoted = false; ///< scalar: written in quotes or as a block, so never a number, boolean or null
    std::uint32_t line = 0, column = 0;
    std::string text;                           ///< scalar
    std::vector<Node> items;                    ///< sequence
    std::vector<std::pair<Node, Node>> entries; ///< map, in the order of the file, keys are scalars and unique

    [[nodiscard]] bool is_scalar() const noexcept { return kind == NodeKind::scalar; }
    [[nodiscard]] bool is_sequence() const noexcept { return kind == NodeKind::sequence; }
    [[nodiscard]] bool is_map() const noexcept { return kind == NodeKind::map; }
    [[nodiscard]] bool is_null() const noexcept { return kind == NodeKind::null; }

    /// Value of a key of a map, nullptr where absent.
    [[nodiscard]] const Node* find(std::string_view key) const noexcept;

    /// Scalars by YAML 1.2's core schema (true/false, also yes/no/on/off as Falco's files use them).
    [[nodiscard]] std::optional<bool> as_bool() const noexcept;
    [[nodiscard]] std::optional<std::int64_t> as_int() const noexcept; ///< decimal, 0x, 0o
    [[nodiscard]] std::optional<double> as_double() const noexcept;
};

/// The node and all in it, keys too: what kMaxNodes counts.
[[nodiscard]] std::size_t count_nodes(const Node& node) noexcept;

/// true/false, yes/no, on/off as they are commonly written, whatever quotes stand around.
[[nodiscard]] std::optional<bool> bool_named(std::string_view text) noexcept;

struct Parsed {
    std::vector<Node> documents;
    Diagnostics diagnostics; ///< syntax, limits, duplicate keys; where it has errors `documents` may be incomplete
};

/// Reads every document of a text. Never throws for what is in the text.
[[nodiscard]] Parsed parse(std::string_view text, const std::string& file);

/// "a map", "a list", "text", "nothing" – for "expected text, found a list".
[[nodiscard]] std::string_view describe(NodeKind kind) noexcept;

/// Reads the keys of one map and tells what is wrong with them: the one way in which every reader does it.
/// Each getter marks its key as known; finish() reports the rest as unknown, with the nearest known name.
class MapReader {
  public:
    /// node is a map (the caller checked); what: "rule", "configuration section 'webhook'" for messages.
    MapReader(const Node& node, std::string what, const std::string& file, Diagnostics& out);

    /// nullptr where absent or null; `required` reports absence.
    const Node* any(std::string_view key, bool required = false);
    std::optional<std::string> string(std::string_view key, bool required = false);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<std::int64_t> span(std::string_view key);  ///< a duration with a unit, or 0; ns
    std::optional<std::uint64_t> size(std::string_view key); ///< bytes: 10M, 512k, 1G (powers of 1024)
    /// A list of scalars, or one scalar as a list of one.
    std::optional<std::vector<std::string>> strings(std::string_view key);
    const Node* map(std::string_view key);
    const Node* sequence(std::string_view key);
    /// One of `choices` or a diagnostic that lists them.
    std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> choices);

    /// Declares a key that this reader accepts and ignores.
    void ignore(std::string_view key) { known_.push_back(key); }
    /// Reports unknown keys with the given severity.
    void finish(Severity severity = Severity::error);

    void error(const Node& at, std::string code, std::string message, std::string hint = {});
    [[nodiscard]] const Node& node() const noexcept { return node_; }

  private:
    const Node* scalar(std::string_view key, bool required, std::string_view expected);

    const Node& node_;
    std::string what_;
    const std::string& file_;
    Diagnostics& out_;
    std::vector<std::string_view> known_;
};

} // namespace rwatch::yaml
