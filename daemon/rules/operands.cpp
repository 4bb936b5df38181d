// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/operands.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <re2/re2.h>

namespace rwatch::rules {

namespace {

using event::Type;

constexpr std::int64_t kRegexMemory = 4 << 20; // bytes that RE2 may use for one expression
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min(),
                       kMost = std::numeric_limits<std::int64_t>::max();

std::string_view type_name(Type type) noexcept {
    switch (type) {
    case Type::string:
        return "text";
    case Type::integer:
        return "a number";
    case Type::boolean:
        return "true or false";
    case Type::address:
        return "an address";
    }
    return "";
}

bool fits_type(Operator op, Type type) noexcept {
    switch (op) {
    case Operator::exists:
    case Operator::eq:
    case Operator::ne:
    case Operator::in:
    case Operator::intersects:
        return true;
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge:
        return type == Type::integer;
    default:
        return type == Type::string;
    }
}

std::string operators_for(Type type) {
    std::string out;
    for (const auto& info : operators())
        if (fits_type(info.op, type) && info.text != "==")
            out.append(out.empty() ? "it takes " : ", ").append(info.text);
    return out;
}

std::optional<std::int64_t> read_integer(std::string_view text) noexcept {
    int base = 10;
    if (text.starts_with('+'))
        text.remove_prefix(1);
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::optional<bool> read_boolean(std::string_view text) noexcept {
    if (text == "true" || text == "True" || text == "TRUE")
        return true;
    if (text == "false" || text == "False" || text == "FALSE")
        return false;
    return std::nullopt;
}

std::optional<Network> read_network(std::string_view text) noexcept {
    const auto slash = text.find('/');
    const auto address = event::parse_address(text.substr(0, slash));
    if (!address)
        return std::nullopt;
    const unsigned most = address->family == 4 ? 32 : 128;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() || bits > most)
            return std::nullopt;
    }
    Network network{*address, static_cast<std::uint8_t>(bits)};
    mask(network.address, bits);
    return network;
}

std::optional<std::string> read_hex(std::string_view text) {
    std::string out;
    if (text.size() % 2 != 0)
        return std::nullopt;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned char byte = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        if (error != std::errc{} || end != text.data() + i + 2)
            return std::nullopt;
        out += static_cast<char>(byte);
    }
    return out;
}

class TestMaker {
  public:
    TestMaker(const event::FieldRef& field, Operator op, const std::vector<Literal>& literals,
              const std::function<void(OperandError)>& report)
        : field_(field), op_(op), literals_(literals), report_(report) {}

    std::unique_ptr<const ValueMatcher> make() {
        switch (field_.field->type) {
        case Type::string:
            return text();
        case Type::integer:
            return integer();
        case Type::boolean:
            return boolean();
        case Type::address:
            return address();
        }
        return nullptr;
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

  private:
    void fail(const Literal& literal, std::string message, std::string hint = {}) {
        failed_ = true;
        report_({literal.at, "bad-value", std::move(message), std::move(hint)});
    }

    template <typename Read> auto read_all(Read read, std::string_view expected) {
        std::vector<typename decltype(read(std::string_view{}))::value_type> out;
        out.reserve(literals_.size());
        for (const auto& literal : literals_) {
            if (auto value = read(literal.text))
                out.push_back(std::move(*value));
            else
                fail(literal, "'" + literal.text + "' is not " + std::string(expected) + ", which '" +
                                  std::string(field_.field->name) + "' holds");
        }
        return out;
    }

    std::vector<std::string> texts() const {
        std::vector<std::string> out;
        out.reserve(literals_.size());
        for (const auto& literal : literals_)
            out.push_back(literal.text);
        return out;
    }

    std::unique_ptr<const ValueMatcher> part(TextPart::Where where) {
        return std::make_unique<TextPart>(where, literals_.front().text);
    }

    std::unique_ptr<const ValueMatcher> bytes(TextPart::Where where) {
        auto raw = read_hex(literals_.front().text);
        if (!raw) {
            fail(literals_.front(), "'" + literals_.front().text + "' is not an even number of hexadecimal digits");
            return nullptr;
        }
        return std::make_unique<TextPart>(where, std::move(*raw));
    }

    std::unique_ptr<const ValueMatcher> regex() {
        const auto& pattern = literals_.front().text;
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(kRegexMemory);
        // A pattern of ASCII is matched byte by byte, so that a file name that is no valid UTF-8 can't slip past a dot.
        if (std::all_of(pattern.begin(), pattern.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
            options.set_encoding(re2::RE2::Options::EncodingLatin1);
        options.set_dot_nl(true);
        auto compiled = std::make_unique<re2::RE2>(pattern, options);
        if (!compiled->ok()) {
            fail(literals_.front(), "not a regular expression: " + compiled->error());
            return nullptr;
        }
        return std::make_unique<TextRegex>(std::move(compiled));
    }

    std::unique_ptr<const ValueMatcher> text() {
        switch (op_) {
        case Operator::contains:
            return part(TextPart::Where::anywhere);
        case Operator::icontains:
            return part(TextPart::Where::anywhere_folded);
        case Operator::startswith:
            return part(TextPart::Where::begin);
        case Operator::endswith:
            return part(TextPart::Where::end);
        case Operator::bcontains:
            return bytes(TextPart::Where::anywhere);
        case Operator::bstartswith:
            return bytes(TextPart::Where::begin);
        case Operator::glob:
        case Operator::iglob:
            return std::make_unique<TextGlob>(literals_.front().text, op_ == Operator::iglob);
        case Operator::regex:
            return regex();
        case Operator::pmatch:
            return std::make_unique<PathPrefixes>(texts());
        default:
            return std::make_unique<TextSet>(texts());
        }
    }

    std::unique_ptr<const ValueMatcher> integer() {
        auto numbers = read_all(read_integer, "a whole number");
        if (failed_)
            return nullptr;
        const auto n = numbers.empty() ? 0 : numbers.front();
        switch (op_) {
        case Operator::lt:
            return n == kLeast ? range(1, 0) : range(kLeast, n - 1);
        case Operator::le:
            return range(kLeast, n);
        case Operator::gt:
            return n == kMost ? range(1, 0) : range(n + 1, kMost);
        case Operator::ge:
            return range(n, kMost);
        default:
            return std::make_unique<IntegerSet>(std::move(numbers));
        }
    }

    static std::unique_ptr<const ValueMatcher> range(std::int64_t least, std::int64_t most) {
        return std::make_unique<IntegerRange>(least, most);
    }

    std::unique_ptr<const ValueMatcher> boolean() {
        const auto values = read_all(read_boolean, "true or false");
        const auto has = [&](bool wanted) { return std::find(values.begin(), values.end(), wanted) != values.end(); };
        return std::make_unique<BooleanSet>(has(true), has(false));
    }

    std::unique_ptr<const ValueMatcher> address() {
        return std::make_unique<NetworkSet>(read_all(read_network, "an IP address or block (10.0.0.0/8)"));
    }

    const event::FieldRef& field_;
    Operator op_;
    const std::vector<Literal>& literals_;
    const std::function<void(OperandError)>& report_;
    bool failed_ = false;
};

} // namespace

std::optional<Test> make_test(const event::FieldRef& field, Operator op, std::uint32_t op_at,
                              const std::vector<Literal>& literals, const std::function<void(OperandError)>& report) {
    const auto type = field.field->type;
    if (!fits_type(op, type)) {
        report({op_at, "operator-type",
                "operator '" + std::string(to_string(op)) + "' does not fit field '" + event::to_string(field) +
                    "', which holds " + std::string(type_name(type)),
                operators_for(type)});
        return std::nullopt;
    }
    Test test;
    test.field = field;
    test.none_may_fit = op == Operator::ne;
    if (op == Operator::exists)
        return test;
    TestMaker maker(field, op, literals, report);
    test.matcher = maker.make();
    if (maker.failed())
        return std::nullopt;
    const bool whole = op == Operator::eq || op == Operator::ne || op == Operator::in || op == Operator::intersects;
    if (whole && field.field->path)
        for (const auto& literal : literals)
            if (literal.text.starts_with('/'))
                test.paths.push_back(literal.text);
    return test;
}

} // namespace rwatch::rules
