// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/operands.hpp"

#include "core/ascii.hpp"
#include "rules/services.hpp"
#include "rules/text_like.hpp"

#include <algorithm>
#include <array>
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

/// What was read or written: compared byte by byte.
bool is_buffer(const Source& source) noexcept {
    const auto* field = source.field();
    return field != nullptr && field->field->name == "evt.buffer";
}

/// Operators that see letters, not bytes.
bool reads_letters(Operator op) noexcept {
    constexpr std::array kLetters{Operator::lt,   Operator::le,     Operator::gt,
                                  Operator::ge,   Operator::pmatch, Operator::icontains,
                                  Operator::glob, Operator::iglob,  Operator::regex};
    return std::find(kLetters.begin(), kLetters.end(), op) != kLetters.end();
}

/// A list is compared as a set only.
bool fits(Operator op, const Source& source) noexcept {
    if (source.many() == Source::Many::list)
        return op == Operator::exists || op == Operator::in || op == Operator::intersects;
    return fits_type(op, source.type()) && !(is_buffer(source) && reads_letters(op));
}

std::string operators_for(const Source& source) {
    std::string out;
    for (const auto& info : operators())
        if (fits(info.op, source) && info.text != "==")
            out.append(out.empty() ? "it takes " : ", ").append(info.text);
    return out;
}

std::string describe_type(const Source& source) {
    return source.many() == Source::Many::list ? "a list" : std::string(type_name(source.type()));
}

/// Ports may be written as the service's name.
bool is_port(const Source& source) noexcept {
    const auto* field = source.field();
    return field != nullptr && field->field->name.starts_with("fd.") &&
           (field->field->name.ends_with("port") || field->field->name == "fd.proto");
}

/// Bytes that are no text may hold a NUL.
bool is_bytes(const Source& source) noexcept {
    const auto* field = source.field();
    return field != nullptr && (is_buffer(source) || field->arg.key == "data");
}

std::optional<std::int64_t> read_port(std::string_view text) noexcept {
    if (const auto number = read_integer(text))
        return number;
    return port_of_service(text);
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

/// What other engines take and RE2 can't, since it never backtracks.
std::string missing_in_re2(const re2::RE2& regex) {
    if (regex.error_code() == re2::RE2::ErrorBadPerlOp || regex.error_code() == re2::RE2::ErrorBadEscape ||
        regex.error_code() == re2::RE2::ErrorRepeatOp)
        return "RE2 takes linear time: it has no look-around, back-references, possessive or atomic groups";
    if (regex.error_code() == re2::RE2::ErrorRepeatSize)
        return "RE2 repeats at most 1000 times";
    return {};
}

class TestMaker {
  public:
    TestMaker(const Source& left, const Expr& expr, const std::vector<Literal>& literals, const ReportOperand& report)
        : left_(left), expr_(expr), op_(expr.op), literals_(literals), report_(report) {}

    std::unique_ptr<const ValueMatcher> make() {
        if (expr_.modifier == Modifier::none)
            return one();
        // Each literal alone, to be counted.
        std::vector<std::unique_ptr<const ValueMatcher>> parts;
        for (const auto& literal : literals_) {
            TestMaker maker(left_, expr_, {literal}, report_);
            parts.push_back(maker.one());
            failed_ = failed_ || maker.failed_;
        }
        return std::make_unique<Counted>(expr_.modifier, op_ == Operator::ne, std::move(parts));
    }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

  private:
    std::unique_ptr<const ValueMatcher> one() {
        if (op_ == Operator::like || op_ == Operator::like_cased)
            return std::make_unique<TextLike>(texts(), op_ == Operator::like);
        if (op_ == Operator::search)
            return search();
        switch (left_.type()) {
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
                                  to_string(expr_.left) + "' holds");
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

    std::unique_ptr<const re2::RE2> compiled(bool dot_takes_newline) {
        const auto& pattern = literals_.front().text;
        re2::RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(kRegexMemory);
        // A pattern of ASCII is matched byte by byte, so that a file name that is no valid UTF-8 can't slip past a dot.
        if (is_ascii(pattern))
            options.set_encoding(re2::RE2::Options::EncodingLatin1);
        options.set_dot_nl(dot_takes_newline);
        auto regex = std::make_unique<const re2::RE2>(pattern, options);
        if (!regex->ok()) {
            fail(literals_.front(), "not a regular expression: " + regex->error(), missing_in_re2(*regex));
            return nullptr;
        }
        return regex;
    }

    std::unique_ptr<const ValueMatcher> regex() {
        auto regex = compiled(true);
        return regex == nullptr ? nullptr : std::make_unique<TextRegex>(std::move(regex));
    }

    std::unique_ptr<const ValueMatcher> search() {
        auto regex = compiled(false);
        return regex == nullptr ? nullptr : std::make_unique<TextSearch>(std::move(regex));
    }

    std::unique_ptr<const ValueMatcher> text() {
        for (const auto& literal : literals_)
            if (literal.text.find('\0') != std::string::npos && !is_bytes(left_))
                fail(literal, "a text can't hold a NUL byte, this would never be true");
        switch (op_) {
        case Operator::lt:
        case Operator::le:
        case Operator::gt:
        case Operator::ge:
            return std::make_unique<TextOrder>(op_, literals_.front().text);
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
        auto numbers = is_port(left_) ? read_all(read_port, "a number or the name of a service")
                                      : read_all(read_integer, "a whole number");
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

    const Source& left_;
    const Expr& expr_;
    Operator op_;
    const std::vector<Literal> literals_;
    const ReportOperand& report_;
    bool failed_ = false;
};

/// Whether what the event holds on the right may be compared so with what it holds on the left.
bool right_fits(const Source& left, const Source& right, const Expr& expr, const ReportOperand& report) {
    if (expr.op == Operator::pmatch || expr.op == Operator::regex) {
        report({expr.op_at,
                "operator-type",
                "operator '" + std::string(to_string(expr.op)) + "' compares with constants only",
                {}});
        return false;
    }
    const bool lists = (left.many() == Source::Many::list) == (right.many() == Source::Many::list);
    if (left.type() == right.type() && lists)
        return true;
    report({expr.right->at,
            "operator-type",
            "'" + to_string(expr.left) + "' holds " + describe_type(left) + ", '" + to_string(*expr.right) + "' " +
                describe_type(right),
            {}});
    return false;
}

/// A pattern of glob(7) that fits this name alone.
std::string glob_of(std::string_view path) {
    std::string out;
    for (const char c : path) {
        if (std::string_view("*?[]\\").find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
    return out;
}

/// Files whose names a path field is compared with whole.
std::vector<std::string> paths_of(const Source& left, const Expr& expr, const std::vector<Literal>& literals) {
    std::vector<std::string> out;
    const bool like = expr.op == Operator::like || expr.op == Operator::like_cased;
    const bool whole = expr.op == Operator::eq || expr.op == Operator::ne || expr.op == Operator::in ||
                       expr.op == Operator::intersects;
    const bool glob = expr.op == Operator::glob;
    if ((whole || like || glob) && left.field() != nullptr && left.field()->field->path)
        for (const auto& literal : literals) {
            const auto path = like ? LikePattern(literal.text).plain() : literal.text;
            if (path && path->starts_with('/'))
                out.push_back(glob ? *path : glob_of(*path));
        }
    return out;
}

Test::Need need_of(const Source& left, const Expr& expr) noexcept {
    if (expr.op == Operator::ne) // with a modifier the matcher itself compares for difference
        return expr.modifier == Modifier::none ? Test::Need::none : Test::Need::every;
    return expr.op == Operator::in && left.many() == Source::Many::list ? Test::Need::every : Test::Need::any;
}

} // namespace

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

bool fits_type(Operator op, Type type) noexcept {
    switch (op) {
    case Operator::exists:
    case Operator::eq:
    case Operator::ne:
    case Operator::in:
    case Operator::intersects:
    case Operator::like:
    case Operator::like_cased:
    case Operator::search:
        return true;
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge:
        return type == Type::integer || type == Type::string;
    default:
        return type == Type::string;
    }
}

std::optional<Test> make_test(Source left, std::optional<Source> right, const Expr& expr,
                              const std::vector<Literal>& literals, const ReportOperand& report) {
    if (!fits(expr.op, left)) {
        report({expr.op_at, "operator-type",
                "operator '" + std::string(to_string(expr.op)) + "' does not fit '" + to_string(expr.left) +
                    "', which holds " + describe_type(left),
                operators_for(left)});
        return std::nullopt;
    }
    if (right && !right_fits(left, *right, expr, report))
        return std::nullopt;
    Test test{std::move(left), nullptr, std::move(right), expr.op, Test::Need::any, {}};
    test.need = need_of(test.left, expr);
    if (test.right || expr.op == Operator::exists)
        return test;
    TestMaker maker(test.left, expr, literals, report);
    test.matcher = maker.make();
    if (maker.failed())
        return std::nullopt;
    test.paths = paths_of(test.left, expr, literals);
    return test;
}

} // namespace rwatch::rules
