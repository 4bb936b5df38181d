// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/compiler.hpp"

#include "core/suggest.hpp"
#include "rules/condition.hpp"
#include "rules/lints.hpp"
#include "rules/operands.hpp"
#include "rules/parser.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <set>
#include <utility>

namespace rwatch::rules {

namespace {

using event::Call;

constexpr std::string_view kEventType = "evt.type", kEventNumber = "evt.num";
constexpr std::size_t kMostConditionErrors = 100; // told of one condition
constexpr std::size_t kMaxTypesOfOneTest = 1000;  // longer lists of event types are not looked at for wrong ones

/// Events are numbered from 1: "evt.num = 0", the usual way to say never, is true of none. Between two constants every
/// number compares alike, so those beside them stand for all.
Outcomes outcomes_of_number(const Test& test, const std::vector<Literal>& literals) {
    constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> tried{1, kLast};
    for (const auto& literal : literals)
        if (const auto number = read_integer(literal.text); number && *number > 0 && *number < kLast)
            tried.insert(tried.end(), {*number - 1, *number, *number + 1});
    Outcomes out;
    const auto scratch = std::make_unique<event::Scratch>();
    event::Values values;
    event::Event event;
    for (const auto number : tried)
        if (event.number = static_cast<std::uint64_t>(number); number > 0)
            (holds(test, event, *scratch, values) ? out.may_hold : out.may_fail).set();
    return out;
}

/// Calls for which a test can be true, and false. What the call alone decides is tried for each.
Outcomes outcomes_of(const Test& test, const std::vector<Literal>& literals) {
    if (const auto* field = test.left.field(); field != nullptr && field->field->name == kEventNumber && !test.right)
        return outcomes_of_number(test, literals);
    const auto fields = fields_of(test);
    if (std::any_of(fields.begin(), fields.end(), [](const auto& f) { return !f.field->of_call; }))
        return {event::calls_of(test.left.kinds() & (test.right ? test.right->kinds() : event::kAllKinds)),
                event::CallSet().set()};
    Outcomes out;
    const auto scratch = std::make_unique<event::Scratch>();
    event::Values values;
    for (std::size_t i = 0; i < event::kCalls; ++i) {
        event::Event event;
        event.call = static_cast<Call>(i);
        event.kind = event::kind_of(event.call);
        scratch->reset();
        const bool result = holds(test, event, *scratch, values);
        out.may_hold.set(i, result);
        out.may_fail.set(i, !result);
    }
    return out;
}

class ExprCompiler {
  public:
    ExprCompiler(const MappedText& text, Names& names, ProgramBuilder& builder, Diagnostics& out)
        : text_(text), names_(names), builder_(builder), out_(out) {}

    /// Depth is bounded by the parser.
    std::optional<std::uint32_t> compile(const Expr& expr) {
        switch (expr.kind) {
        case Expr::Kind::test:
            return test(expr);
        case Expr::Kind::macro:
            return macro(expr);
        default:
            return parts(expr);
        }
    }

  private:
    void report(Severity severity, std::uint32_t at, std::string code, std::string message, std::string hint = {}) {
        out_.push_back({severity, std::move(code), text_.at(at), std::move(message), std::move(hint)});
    }
    void error(std::uint32_t at, std::string code, std::string message, std::string hint = {}) {
        ++errors_;
        report(Severity::error, at, std::move(code), std::move(message), std::move(hint));
    }

    void warn(std::uint32_t at, Lint lint) {
        report(Severity::warning, at, std::move(lint.code), std::move(lint.message), std::move(lint.hint));
    }

    std::optional<std::uint32_t> parts(const Expr& expr) {
        std::vector<std::uint32_t> nodes;
        nodes.reserve(expr.children.size());
        std::uint64_t tests = 0;
        std::uint32_t depth = 0;
        for (const auto& child : expr.children) {
            if (errors_ > kMostConditionErrors)
                return std::nullopt;
            const auto node = compile(child);
            if (!node)
                continue; // its error is told; go on and tell those of the others
            nodes.push_back(*node);
            tests += builder_.facts(*node).tests;
            depth = std::max(depth, builder_.facts(*node).depth);
        }
        if (nodes.size() != expr.children.size())
            return std::nullopt;
        if (tests > kMaxConditionTests || depth >= kMaxTreeDepth) {
            error(expr.at, "condition-too-large",
                  tests > kMaxConditionTests
                      ? "more than " + std::to_string(kMaxConditionTests) + " tests, those of its macros counted"
                      : "macros are nested too deep");
            return std::nullopt;
        }
        const auto op = expr.kind == Expr::Kind::all   ? ProgramNode::Op::all
                        : expr.kind == Expr::Kind::any ? ProgramNode::Op::any
                                                       : ProgramNode::Op::negation;
        const auto node = builder_.add(op, nodes);
        std::size_t guilty = 0;
        if (auto lint = lint_parts(*builder_.program(), node, nodes, guilty))
            warn(expr.children[guilty].at, std::move(*lint));
        return node;
    }

    std::optional<std::uint32_t> macro(const Expr& expr) {
        std::uint32_t node = 0;
        switch (names_.macro(expr.name, node)) {
        case Names::Found::yes:
            return node;
        case Names::Found::broken:
            return std::nullopt;
        case Names::Found::no:
            break;
        }
        if (names_.list(expr.name) != nullptr) {
            error(expr.at, "unknown-macro", "'" + expr.name + "' is a list, not a macro",
                  "compare a field with it: FIELD in (" + expr.name + ")");
            return std::nullopt;
        }
        constexpr std::array<std::string_view, 3> kKeywords{"AND", "OR", "NOT"};
        const bool keyword = std::find(kKeywords.begin(), kKeywords.end(), expr.name) != kKeywords.end();
        if (const auto* later = names_.later_macro(expr.name); later != nullptr)
            error(expr.at, "unknown-macro",
                  "macro '" + expr.name + "' is defined later, at " + later->file + ":" + std::to_string(later->line),
                  "a macro sees those before it only: put '" + expr.name + "' first");
        else
            error(expr.at, "unknown-macro", "there is no macro '" + expr.name + "'",
                  keyword ? "keywords are lower case" : did_you_mean(expr.name, names_.macro_names()));
        return std::nullopt;
    }

    std::optional<std::uint32_t> test(const Expr& expr) {
        const ReportOperand report = [this](OperandError e) {
            error(e.at, std::move(e.code), std::move(e.message), std::move(e.hint));
        };
        auto left = Source::compile(expr.left, report);
        auto right = expr.right ? Source::compile(*expr.right, report) : std::nullopt;
        const auto literals = expand(expr);
        if (!left || (expr.right && !right) || !literals)
            return std::nullopt;
        const auto hash = hash_of(*left, right, expr, *literals);
        const auto* field = left->field();
        if (field != nullptr && field->field->name == kEventType && !right)
            warn_of_types(expr.op, *literals);
        warn_of_fields(expr, *left, right);
        if (field != nullptr && !literals->empty())
            if (auto lint = lint_constants(*field, expr.op, *literals))
                warn(literals->front().at, std::move(*lint));
        if (auto lint = lint_texts(expr.op, *literals))
            warn(literals->front().at, std::move(*lint));
        if (const auto known = builder_.known(hash))
            return known;
        if (!builder_.spend(literals->size())) {
            error(expr.at, "condition-too-large",
                  "the rules compare with more than " + std::to_string(kMaxLiterals) + " values");
            return std::nullopt;
        }
        auto test = make_test(std::move(*left), std::move(right), expr, *literals, report);
        if (!test)
            return std::nullopt;
        const auto outcomes = outcomes_of(*test, *literals);
        return builder_.add_test(std::move(*test), hash, outcomes);
    }

    void warn_of_fields(const Expr& expr, const Source& left, const std::optional<Source>& right) {
        std::vector<event::FieldRef> fields;
        left.collect_fields(fields);
        if (right)
            right->collect_fields(fields);
        for (const auto& field : fields)
            if (auto lint = lint_field(field); lint && told_.insert(field.field).second)
                warn(expr.at, std::move(*lint));
    }

    static bool names_types(Operator op) noexcept {
        return op == Operator::eq || op == Operator::ne || op == Operator::in || op == Operator::intersects;
    }

    /// An event that is never produced is no error: rules of other agents name events that we have no use for.
    void warn_of_types(Operator op, const std::vector<Literal>& literals) {
        if (!names_types(op) || literals.size() > kMaxTypesOfOneTest)
            return;
        const auto all = event::call_names();
        for (const auto& literal : literals)
            if (std::find(all.begin(), all.end(), literal.text) == all.end())
                report(Severity::warning, literal.at, "unknown-event",
                       "events of type '" + literal.text + "' are not produced", did_you_mean(literal.text, all));
    }

    /// The literals with the values of lists in place of their names.
    std::optional<std::vector<Literal>> expand(const Expr& expr) {
        const bool many = expr.op == Operator::in || expr.op == Operator::intersects || expr.op == Operator::pmatch ||
                          expr.modifier != Modifier::none;
        std::vector<Literal> out;
        out.reserve(expr.literals.size());
        for (const auto& literal : expr.literals) {
            const auto* list = literal.bare ? names_.list(literal.text) : nullptr;
            if (list == nullptr && literal.bare && literal.text.find(' ') != std::string::npos) {
                error(literal.at, "condition-syntax", "there is no list '" + literal.text + "'",
                      "a comma between values, quotes around one with white space");
                return std::nullopt;
            }
            if (list == nullptr) {
                if (const auto near = literal.bare && many ? names_.near_list(literal.text) : std::string_view();
                    !near.empty())
                    report(Severity::warning, literal.at, "no-such-list",
                           "'" + literal.text + "' is compared as a text here: there is no such list",
                           "did you mean the list '" + std::string(near) + "'?");
                out.push_back(literal);
                continue;
            }
            if (!many && list->size() != 1) {
                error(literal.at, "list-of-many",
                      "'" + literal.text + "' is a list of " + std::to_string(list->size()) + " values, '" +
                          std::string(to_string(expr.op)) + "' takes one",
                      "use 'in (" + literal.text + ")'");
                return std::nullopt;
            }
            if (out.size() + list->size() > kMaxLiterals) {
                error(literal.at, "condition-too-large",
                      "one test compares with more than " + std::to_string(kMaxLiterals) + " values");
                return std::nullopt;
            }
            for (const auto& text : *list)
                out.push_back({text, literal.at, false});
        }
        return out;
    }

    static Hash128 hash_of(const Source& left, const std::optional<Source>& right, const Expr& expr,
                           const std::vector<Literal>& literals) {
        Hash128 hash;
        hash.add(static_cast<std::uint64_t>(ProgramNode::Op::test));
        left.add_to(hash);
        hash.add(static_cast<std::uint64_t>(expr.op));
        hash.add(static_cast<std::uint64_t>(expr.modifier));
        if (right)
            right->add_to(hash);
        for (const auto& literal : literals)
            hash.add(literal.text);
        return hash;
    }

    const MappedText& text_;
    Names& names_;
    ProgramBuilder& builder_;
    Diagnostics& out_;
    std::size_t errors_ = 0;
    std::set<const event::Field*> told_; ///< lint_field()
};

/// A condition that stands alone knows no names.
class NoNames final : public Names {
  public:
    [[nodiscard]] const std::vector<std::string>* list(std::string_view) const override { return nullptr; }
    [[nodiscard]] Found macro(std::string_view, std::uint32_t&) override { return Found::no; }
    [[nodiscard]] std::vector<std::string_view> macro_names() const override { return {}; }
    [[nodiscard]] const Location* later_macro(std::string_view) const override { return nullptr; }
    [[nodiscard]] std::string_view near_list(std::string_view) override { return {}; }
};

} // namespace

std::optional<std::uint32_t> ProgramBuilder::known(const Hash128& hash) const {
    const auto found = by_hash_.find(hash);
    return found == by_hash_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t ProgramBuilder::push(const ProgramNode& node, const NodeFacts& facts) {
    const auto index = static_cast<std::uint32_t>(program_->nodes.size());
    program_->nodes.push_back(node);
    program_->facts.push_back(facts);
    by_hash_.emplace(facts.hash, index);
    return index;
}

std::uint32_t ProgramBuilder::add_test(Test test, const Hash128& hash, const Outcomes& outcomes) {
    program_->tests.push_back(std::move(test));
    const auto index = static_cast<std::uint32_t>(program_->tests.size() - 1);
    return push({ProgramNode::Op::test, index, 0, kNoSlot, outcomes}, {hash, 0, 1, 0});
}

std::uint32_t ProgramBuilder::add(ProgramNode::Op op, const std::vector<std::uint32_t>& parts) {
    NodeFacts facts;
    facts.hash.add(static_cast<std::uint64_t>(op));
    facts.tests = 0;
    for (const auto part : parts) {
        const auto& below = program_->facts[part];
        facts.hash.add(below.hash.high);
        facts.hash.add(below.hash.low);
        facts.tests += below.tests;
        facts.depth = std::max(facts.depth, below.depth + 1);
    }
    if (const auto same = known(facts.hash))
        return *same;
    const auto first = static_cast<std::uint32_t>(program_->children.size());
    program_->children.insert(program_->children.end(), parts.begin(), parts.end());
    for (const auto part : parts)
        use(part);
    return push({op, first, static_cast<std::uint32_t>(parts.size()), kNoSlot, outcomes_of(op, parts)}, facts);
}

Outcomes ProgramBuilder::outcomes_of(ProgramNode::Op op, const std::vector<std::uint32_t>& parts) const {
    auto out = program_->nodes[parts.front()].outcomes;
    if (op == ProgramNode::Op::negation)
        std::swap(out.may_hold, out.may_fail);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto& part = program_->nodes[parts[i]].outcomes;
        if (op == ProgramNode::Op::all) {
            out.may_hold &= part.may_hold;
            out.may_fail |= part.may_fail;
        } else {
            out.may_hold |= part.may_hold;
            out.may_fail &= part.may_fail;
        }
    }
    return out;
}

void ProgramBuilder::use(std::uint32_t node) {
    if (++program_->facts[node].users == 2)
        program_->nodes[node].slot = program_->slots++;
}

std::optional<std::uint32_t> compile_expr(const Expr& expr, const MappedText& text, Names& names,
                                          ProgramBuilder& builder, Diagnostics& out) {
    return ExprCompiler(text, names, builder, out).compile(expr);
}

std::optional<Condition> compile_condition(std::string_view text, const Location& where, Diagnostics& out) {
    const MappedText mapped(text, where);
    const auto expr = parse_condition(mapped, out);
    if (!expr)
        return std::nullopt;
    NoNames names;
    ProgramBuilder builder;
    const auto root = compile_expr(*expr, mapped, names, builder, out);
    if (!root || has_errors(out))
        return std::nullopt;
    return Condition(builder.program(), *root);
}

} // namespace rwatch::rules
