// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/yaml.hpp"

#include "core/escape.hpp"

#include <algorithm>
#include <charconv>
#include <istream>
#include <map>
#include <memory>
#include <streambuf>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace rwatch::yaml {

namespace {

/// A limit was met; the diagnostic is already written.
struct Stop {};
/// So many errors that more would help nobody.
struct TooMany {};

std::uint32_t one_based(int zero_based) noexcept {
    return zero_based < 0 ? 0 : static_cast<std::uint32_t>(zero_based) + 1;
}

/// An istream over memory that is not copied.
class ViewBuffer : public std::streambuf {
  public:
    explicit ViewBuffer(std::string_view text) {
        auto* begin = const_cast<char*>(text.data()); // never written: only the get area is set
        setg(begin, begin, begin + text.size());
    }
};

class Builder : public YAML::EventHandler {
  public:
    Builder(const std::string& file, Parsed& out) : file_(file), out_(out) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        // yaml-cpp makes an endless row of empty documents of a token that it does not expect (",x") and never takes
        // away.
        if (mark.pos == last_start_)
            fail(mark, "yaml-syntax", "unexpected character");
        last_start_ = mark.pos;
        stack_.clear();
        anchors_.clear();
    }
    void OnDocumentEnd() override {}

    /// Where the last text before an error stands.
    [[nodiscard]] YAML::Mark last() const noexcept { return last_; }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(make(NodeKind::null, mark), anchor); }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(NodeKind::scalar, mark);
        last_ = mark;
        node.quoted = tag != "?" && !tag.empty();
        node.text = value;
        // yaml-cpp leaves the reading of plain scalars to its caller: "~" and "null" are null.
        if (!node.quoted && (value == "~" || value == "null" || value == "Null" || value == "NULL" || value.empty()))
            node.kind = NodeKind::null;
        leaf(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            fail(mark, "yaml-alias", "an alias stands inside the node that it names");
        spend(count_nodes(found->second), mark);
        Node copy = found->second;
        copy.line = one_based(mark.line);
        copy.column = one_based(mark.column);
        add(std::move(copy), mark);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(make(NodeKind::sequence, mark), anchor, mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(make(NodeKind::map, mark), anchor, mark);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Open {
        Node node;
        YAML::anchor_t anchor;
        std::optional<Node> key; // map: read, its value not yet
        bool dropping = false;   // map: the key was a duplicate, its value is thrown away
        std::unordered_set<std::string> keys;
    };

    [[noreturn]] void fail(const YAML::Mark& mark, std::string code, std::string message) {
        report(mark, std::move(code), std::move(message));
        throw Stop{};
    }

    void report(const YAML::Mark& mark, std::string code, std::string message) {
        if (out_.diagnostics.size() + 1 >= kMaxDiagnostics)
            throw TooMany{};
        out_.diagnostics.push_back({Severity::error,
                                    std::move(code),
                                    {file_, one_based(mark.line), one_based(mark.column)},
                                    std::move(message),
                                    {}});
    }

    static Node make(NodeKind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.line = one_based(mark.line);
        node.column = one_based(mark.column);
        return node;
    }

    void spend(std::size_t nodes, const YAML::Mark& mark) {
        nodes_ += nodes;
        if (nodes_ > kMaxNodes)
            fail(mark, "yaml-too-large",
                 "more than " + std::to_string(kMaxNodes) + " values in one file (aliases count expanded)");
    }

    void leaf(Node node, YAML::anchor_t anchor) {
        YAML::Mark mark;
        mark.line = static_cast<int>(node.line) - 1;
        mark.column = static_cast<int>(node.column) - 1;
        spend(1, mark);
        if (anchor != 0)
            anchors_[anchor] = node;
        add(std::move(node), mark);
    }

    void open(Node node, YAML::anchor_t anchor, const YAML::Mark& mark) {
        spend(1, mark);
        if (stack_.size() >= kMaxDepth)
            fail(mark, "yaml-too-deep", "more than " + std::to_string(kMaxDepth) + " nested lists and maps");
        stack_.push_back({std::move(node), anchor, std::nullopt, false, {}});
    }

    void close() {
        Open done = std::move(stack_.back());
        stack_.pop_back();
        if (done.anchor != 0)
            anchors_[done.anchor] = done.node;
        YAML::Mark mark;
        mark.line = static_cast<int>(done.node.line) - 1;
        mark.column = static_cast<int>(done.node.column) - 1;
        add(std::move(done.node), mark);
    }

    void add(Node node, const YAML::Mark& mark) {
        if (stack_.empty()) {
            out_.documents.push_back(std::move(node));
            return;
        }
        auto& top = stack_.back();
        if (top.node.kind == NodeKind::sequence) {
            top.node.items.push_back(std::move(node));
            return;
        }
        if (!top.key) {
            if (node.kind == NodeKind::sequence || node.kind == NodeKind::map)
                fail(mark, "yaml-key", "a key must be text, not " + std::string(describe(node.kind)));
            node.kind = NodeKind::scalar;
            top.dropping = !top.keys.insert(node.text).second;
            if (top.dropping)
                report(mark, "duplicate-key", "key '" + node.text + "' stands twice in one map");
            top.key = std::move(node);
            return;
        }
        if (!top.dropping)
            top.node.entries.emplace_back(std::move(*top.key), std::move(node));
        top.key.reset();
    }

    const std::string& file_;
    Parsed& out_;
    std::vector<Open> stack_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t nodes_ = 0;
    int last_start_ = -1; ///< where the last document began
    YAML::Mark last_;     ///< of the last text
};

} // namespace

std::size_t count_nodes(const Node& node) noexcept {
    std::size_t n = 1;
    for (const auto& item : node.items)
        n += count_nodes(item);
    for (const auto& [key, value] : node.entries)
        n += count_nodes(key) + count_nodes(value);
    return n;
}

Node::Node() = default;
Node::Node(const Node& other) = default;
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(const Node& other) = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

std::string_view describe(NodeKind kind) noexcept {
    switch (kind) {
    case NodeKind::null:
        return "nothing";
    case NodeKind::scalar:
        return "text";
    case NodeKind::sequence:
        return "a list";
    case NodeKind::map:
        return "a map";
    }
    return "nothing";
}

Parsed parse(std::string_view text, const std::string& file) {
    Parsed out;
    const auto refuse = [&](std::string code, std::string message) {
        out.diagnostics.push_back({Severity::error, std::move(code), {file, 0, 0}, std::move(message), {}});
    };
    if (text.size() > kMaxText) {
        refuse("file-too-large", "the file has more than " + std::to_string(kMaxText) + " bytes, which are not read");
        return out;
    }
    // yaml-cpp tells of a NUL whatever stands behind it.
    const auto nul = std::min(text.find('\0'), text.size());
    if (const auto good = text.substr(0, std::min(utf8_prefix(text), nul)); good.size() != text.size()) {
        const auto lines = static_cast<std::uint32_t>(std::count(good.begin(), good.end(), '\n'));
        const auto column = static_cast<std::uint32_t>(good.size() - (good.rfind('\n') + 1)); // npos + 1 is 0
        out.diagnostics.push_back({Severity::error,
                                   "invalid-utf8",
                                   {file, lines + 1, column + 1},
                                   good.size() == nul ? "there is a NUL byte" : "this is not valid UTF-8",
                                   {}});
        return out;
    }
    // yaml-cpp takes a quoted text without an end for a whole one where the file ends with a line. A comment there
    // makes it tell.
    const auto closed = std::string(text) + (text.ends_with('\n') ? "#" : "");
    ViewBuffer buffer(closed);
    std::istream stream(&buffer);
    Builder builder(file, out);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop&) {
        return out;
    } catch (const TooMany&) {
        refuse("too-many-errors",
               "the file is read no further: more than " + std::to_string(kMaxDiagnostics - 1) + " errors");
    } catch (const YAML::Exception& e) {
        // DeepRecursion and parse errors alike carry a mark; that of an open quote is the end of the file.
        const bool open = e.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
        const auto mark = open ? builder.last() : e.mark;
        out.diagnostics.push_back({Severity::error,
                                   "yaml-syntax",
                                   {file, one_based(mark.line), one_based(mark.column)},
                                   open ? "a quoted text that begins here or below has no end" : e.msg,
                                   {}});
    }
    return out;
}

const Node* Node::find(std::string_view key) const noexcept {
    for (const auto& [k, v] : entries)
        if (k.text == key)
            return &v;
    return nullptr;
}

std::optional<bool> Node::as_bool() const noexcept {
    return kind != NodeKind::scalar || quoted ? std::nullopt : bool_named(text);
}

std::optional<bool> bool_named(std::string_view text) noexcept {
    for (const std::string_view yes : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
        if (text == yes)
            return true;
    for (const std::string_view no : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
        if (text == no)
            return false;
    return std::nullopt;
}

std::optional<std::int64_t> Node::as_int() const noexcept {
    if (kind != NodeKind::scalar || quoted || text.empty())
        return std::nullopt;
    std::string_view digits = text;
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0o")) {
        base = digits[1] == 'x' ? 16 : 8;
        digits.remove_prefix(2);
        if (digits.starts_with('-'))
            return std::nullopt;
    } else if (digits.starts_with('+')) {
        digits.remove_prefix(1);
        if (digits.starts_with('-'))
            return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

std::optional<double> Node::as_double() const noexcept {
    if (kind != NodeKind::scalar || quoted || text.empty())
        return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace rwatch::yaml
