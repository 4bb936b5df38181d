// SPDX-License-Identifier: MIT OR Apache-2.0
// The constant side of a test, prepared once: does one value of the field fit it? A class for each way of comparing; a
// new operator is a new class here and a line in operands.cpp.
#pragma once

#include "event/value.hpp"
#include "rules/ast.hpp"
#include "rules/fragment.hpp"
#include "rules/glob.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace re2 {
class RE2;
}

namespace rwatch::rules {

class ValueMatcher {
  public:
    ValueMatcher() = default;
    ValueMatcher(const ValueMatcher&) = delete;
    ValueMatcher& operator=(const ValueMatcher&) = delete;
    virtual ~ValueMatcher() = default;
    /// Free of allocation (but for RE2's own bounded cache).
    [[nodiscard]] virtual bool fits(const event::Value& value) const noexcept = 0;
    /// One of which each text that fits holds.
    [[nodiscard]] virtual Fragments fragments() const { return std::nullopt; }
    /// The only numbers that fit, booleans being 0 and 1; nothing: they are not known.
    [[nodiscard]] virtual std::optional<std::vector<std::int64_t>> numbers() const { return std::nullopt; }
    /// Adds numbers: between two of them, and beyond, all numbers fit alike. False where they are not known.
    [[nodiscard]] virtual bool add_edges(std::vector<std::int64_t>& /*out*/) const { return false; }
};

/// Adds numbers of which two differ wherever the matcher takes one number and not another: its edges and those beside
/// them. False where they are not known.
[[nodiscard]] bool add_tries(const ValueMatcher* matcher, std::vector<std::int64_t>& out);

/// Equal to one of some texts.
class TextSet final : public ValueMatcher {
  public:
    explicit TextSet(std::vector<std::string> texts);
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    std::vector<std::string> few_;
    std::unordered_set<std::string, Hash, std::equal_to<>> many_;
};

class TextPart final : public ValueMatcher {
  public:
    enum class Where : std::uint8_t { begin, end, anywhere, anywhere_folded };
    TextPart(Where where, std::string text);
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    Where where_;
    std::string text_;
};

/// Before or behind a text, byte by byte.
class TextOrder final : public ValueMatcher {
  public:
    TextOrder(Operator op, std::string text) : op_(op), text_(std::move(text)) {}
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;

  private:
    Operator op_; ///< lt, le, gt, ge
    std::string text_;
};

/// So many of some matchers fit: exactly one, any, all; of none it is false.
class Counted final : public ValueMatcher {
  public:
    /// differs: a part counts where it does not fit ("!=").
    Counted(Modifier modifier, bool differs, std::vector<std::unique_ptr<const ValueMatcher>> parts)
        : modifier_(modifier), differs_(differs), parts_(std::move(parts)) {}
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    Modifier modifier_;
    bool differs_;
    std::vector<std::unique_ptr<const ValueMatcher>> parts_;
};

class TextGlob final : public ValueMatcher {
  public:
    TextGlob(std::string_view pattern, bool fold) : glob_(pattern, fold) {}
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    Glob glob_;
};

/// The whole text.
class TextRegex final : public ValueMatcher {
  public:
    explicit TextRegex(std::unique_ptr<const re2::RE2> regex);
    ~TextRegex() override;
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    std::unique_ptr<const re2::RE2> regex_;
};

/// The same anywhere in the text form of the value.
class TextSearch final : public ValueMatcher {
  public:
    explicit TextSearch(std::unique_ptr<const re2::RE2> regex);
    ~TextSearch() override;
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    std::unique_ptr<const re2::RE2> regex_;
};

/// Below one of some paths, or one of them: "/etc" takes /etc and /etc/passwd, not /etcetera. Components may be globs.
class PathPrefixes final : public ValueMatcher {
  public:
    explicit PathPrefixes(const std::vector<std::string>& paths);
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] Fragments fragments() const override;

  private:
    TextSet plain_;
    std::vector<std::vector<Glob>> globs_; ///< by path, its components
};

class IntegerSet final : public ValueMatcher {
  public:
    explicit IntegerSet(std::vector<std::int64_t> numbers);
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] std::optional<std::vector<std::int64_t>> numbers() const override { return sorted_; }
    [[nodiscard]] bool add_edges(std::vector<std::int64_t>& out) const override;

  private:
    std::vector<std::int64_t> sorted_;
};

/// From least to most, both inclusive.
class IntegerRange final : public ValueMatcher {
  public:
    IntegerRange(std::int64_t least, std::int64_t most) : least_(least), most_(most) {}
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] bool add_edges(std::vector<std::int64_t>& out) const override;

  private:
    std::int64_t least_, most_;
};

class BooleanSet final : public ValueMatcher {
  public:
    BooleanSet(bool takes_true, bool takes_false) : true_(takes_true), false_(takes_false) {}
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;
    [[nodiscard]] std::optional<std::vector<std::int64_t>> numbers() const override;

  private:
    bool true_, false_;
};

/// An address block; a single address has all its bits.
struct Network {
    event::Address address; ///< bits past the prefix are 0
    std::uint8_t bits = 0;
};

/// In one of some address blocks. A look-up for each prefix length that occurs, not for each block.
class NetworkSet final : public ValueMatcher {
  public:
    explicit NetworkSet(const std::vector<Network>& networks);
    [[nodiscard]] bool fits(const event::Value& value) const noexcept override;

  private:
    struct Group {
        std::uint8_t family, bits;
        std::vector<std::array<std::uint8_t, 16>> sorted;
    };
    std::vector<Group> groups_;
};

/// Two values of an event: "=" and its kin, parts of a text, patterns. `scratch` is left as it was.
[[nodiscard]] bool compare(Operator op, const event::Value& left, const event::Value& right,
                           event::Scratch& scratch) noexcept;

/// Zeroes the bits past the prefix.
void mask(event::Address& address, unsigned bits) noexcept;

} // namespace rwatch::rules
