// SPDX-License-Identifier: MIT OR Apache-2.0
#include "satisfy.hpp"

#include "event/builder.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace rwatch::rules::test {

namespace {

constexpr std::size_t kMostTries = 4000;   // events built for one condition
constexpr std::size_t kMostValues = 200;   // looked at of one list
constexpr std::size_t kMostRotations = 12; // ways to choose among the values of one branch

/// One test that must be true, or (wanted false) must not.
struct Goal {
    const Expr* expr;
    bool wanted;
};

/// A Sigma pattern: what stands between its open ends.
struct Like {
    std::string text;
    bool open_begin, open_end;
};

/// What one field's text must have, gathered from the tests of one branch.
struct Wish {
    std::vector<std::string> whole; ///< one of them
    std::string begin, end;
    std::vector<std::string> parts;
    std::vector<std::vector<Like>> likes; ///< of each, one
    bool any = false;                     ///< some value
    std::optional<std::int64_t> least, most;
};

std::string unhex(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    return out;
}

/// A text that a glob or a Sigma pattern matches.
std::string of_pattern(std::string_view pattern, bool sets) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) {
            const char next = pattern[i + 1];
            if (sets || next == '*' || next == '?' || next == '\\') {
                out += next;
                ++i;
                continue;
            }
        }
        if (sets && pattern[i] == '[') {
            const auto close = pattern.find(']', i + 2);
            if (close != std::string_view::npos) {
                const bool negated = pattern[i + 1] == '!' || pattern[i + 1] == '^';
                out += negated ? '~' : pattern[i + 1];
                i = close;
                continue;
            }
        }
        if (pattern[i] == '*')
            continue;
        out += pattern[i] == '?' ? 'x' : pattern[i];
    }
    return out;
}

/// Fields that others are made from come first, those that say more of the same thing later.
int rank(std::string_view field) {
    constexpr std::array<std::string_view, 10> kOrder{"evt.type",     "proc.exepath", "proc.exe",     "proc.name",
                                                      "proc.exeline", "proc.args",    "proc.cmdline", "fd.directory",
                                                      "fd.filename",  "fd.name"};
    const auto* found = std::find(kOrder.begin(), kOrder.end(), field);
    return static_cast<int>(found - kOrder.begin());
}

class Search {
  public:
    Search(const Condition& condition, const NamedParts& names) : condition_(condition), names_(names) {}

    std::optional<Assignment> run(const Expr& tree) {
        std::vector<Goal> open{{&tree, true}};
        std::vector<Goal> tests;
        (void)branch(std::move(open), tests);
        return std::move(found_);
    }

  private:
    [[nodiscard]] bool done() const { return found_.has_value() || tries_ > kMostTries; }

    /// Goes on with the last open goal; at a choice, with each part in turn.
    bool branch(std::vector<Goal> open, std::vector<Goal>& tests) {
        while (!open.empty() && !done()) {
            const Goal goal = open.back();
            open.pop_back();
            const Expr& expr = *goal.expr;
            switch (expr.kind) {
            case Expr::Kind::test:
                tests.push_back(goal);
                continue;
            case Expr::Kind::macro:
                if (const auto* inner = names_.macro(expr.name))
                    open.push_back({inner, goal.wanted});
                continue;
            case Expr::Kind::negation:
                open.push_back({&expr.children.front(), !goal.wanted});
                continue;
            case Expr::Kind::all:
            case Expr::Kind::any:
                break;
            }
            if ((expr.kind == Expr::Kind::all) == goal.wanted) {
                for (auto child = expr.children.rbegin(); child != expr.children.rend(); ++child)
                    open.push_back({&*child, goal.wanted});
                continue;
            }
            const auto before = tests.size();
            for (const auto& child : expr.children) {
                auto rest = open;
                rest.insert(rest.begin(), {&child, goal.wanted}); // choices last: what is certain is known then
                if (branch(std::move(rest), tests))
                    return true;
                tests.resize(before);
                if (done())
                    return found_.has_value();
            }
            return false;
        }
        return !done() && build(tests);
    }

    bool build(const std::vector<Goal>& tests) {
        std::map<std::string, Wish> wishes;
        ++tries_;
        for (const auto& goal : tests)
            if (goal.wanted != (goal.expr->op == Operator::ne) && !wish(*goal.expr, wishes))
                return false;
            else if (goal.wanted && goal.expr->op == Operator::ne)
                (void)of(goal.expr->left, wishes, [](Wish& w) { w.any = true; });
        for (const auto& goal : tests)
            if (goal.wanted == (goal.expr->op == Operator::ne))
                forbid(*goal.expr, wishes);
        for (std::size_t turn = 0; turn < kMostRotations && !done(); ++turn)
            if (attempt(wishes, turn))
                return true;
        return false;
    }

    /// Hands the field's wish to `add`; a transformer's literal is turned round where that is easy.
    template <typename Add> bool of(const Operand& operand, std::map<std::string, Wish>& wishes, Add add) {
        const Operand* inner = &operand;
        bool base = false;
        while (inner->kind == Operand::Kind::transformer && inner->arguments.size() == 1) {
            base = base || inner->name == "basename";
            inner = &inner->arguments.front();
        }
        auto name = inner->kind == Operand::Kind::field ? names_.field(inner->name) : std::string();
        if (name.empty())
            return true;
        if (name == "proc.argv") // any argument: each test has one of its own
            for (int n = 1; wishes.contains(name);)
                name = "proc.argv[" + std::to_string(n++) + "]";
        add(wishes[name]);
        if (base)
            for (auto& text : wishes[name].whole)
                text = "/x/" + text;
        return true;
    }

    std::vector<std::string> values(const Expr& expr) const {
        std::vector<std::string> out;
        for (const auto& literal : expr.literals) {
            const auto* list = literal.bare ? names_.list(literal.text) : nullptr;
            if (list == nullptr)
                out.push_back(literal.text);
            else
                out.insert(out.end(), list->begin(),
                           list->begin() + static_cast<std::ptrdiff_t>(std::min(list->size(), kMostValues)));
        }
        return out;
    }

    bool wish(const Expr& expr, std::map<std::string, Wish>& wishes) {
        auto literals = values(expr);
        if (expr.op != Operator::exists && literals.empty())
            return expr.right.has_value();
        return of(expr.left, wishes, [&](Wish& w) { add(expr.op, std::move(literals), w); });
    }

    /// Takes from a field's whole values those that a test must not hold for.
    void forbid(const Expr& expr, std::map<std::string, Wish>& wishes) const {
        const auto wish = wishes.find(names_.field(expr.left.name));
        if (expr.left.kind != Operand::Kind::field || wish == wishes.end())
            return;
        const auto literals = values(expr);
        std::erase_if(wish->second.whole, [&](const std::string& text) {
            return wish->second.whole.size() > 1 &&
                   std::any_of(literals.begin(), literals.end(), [&](const std::string& l) {
                       switch (expr.op) {
                       case Operator::startswith:
                       case Operator::pmatch:
                           return text.starts_with(l);
                       case Operator::endswith:
                           return text.ends_with(l);
                       case Operator::contains:
                           return text.find(l) != std::string::npos;
                       default:
                           return text == l;
                       }
                   });
        });
    }

    static void add(Operator op, std::vector<std::string> literals, Wish& w) {
        const auto whole = [&](auto make) {
            for (auto& text : literals)
                text = make(text);
            std::vector<std::string> both;
            for (const auto& text : w.whole)
                if (std::find(literals.begin(), literals.end(), text) != literals.end())
                    both.push_back(text);
            if (!both.empty() || w.whole.empty())
                w.whole = both.empty() ? literals : both;
        };
        const auto number = [&] { return std::stoll(literals.front(), nullptr, 0); };
        switch (op) {
        case Operator::exists:
            w.any = true;
            break;
        case Operator::startswith:
            w.begin = w.begin.size() < literals[0].size() ? literals[0] : w.begin;
            break;
        case Operator::endswith:
            w.end = w.end.size() < literals[0].size() ? literals[0] : w.end;
            break;
        case Operator::bstartswith:
            w.begin = unhex(literals[0]);
            break;
        case Operator::bcontains:
            w.parts.push_back(unhex(literals[0]));
            break;
        case Operator::contains:
        case Operator::icontains:
            w.parts.push_back(literals[0]);
            break;
        case Operator::glob:
        case Operator::iglob:
        case Operator::pmatch:
            whole([](const std::string& text) { return of_pattern(text, true); });
            break;
        case Operator::like:
        case Operator::like_cased:
            add_like(literals, w);
            break;
        case Operator::search: {
            auto& choice = w.likes.emplace_back();
            for (const auto& text : literals)
                choice.push_back({example_of(text).value_or(text), true, true});
            break;
        }
        case Operator::regex:
            whole([](const std::string& text) { return example_of(text).value_or(text); });
            break;
        case Operator::lt:
            w.most = number() - 1;
            break;
        case Operator::le:
            w.most = number();
            break;
        case Operator::gt:
            w.least = number() + 1;
            break;
        case Operator::ge:
            w.least = number();
            break;
        default:
            whole([](const std::string& text) { return text; });
        }
    }

    static void add_like(const std::vector<std::string>& patterns, Wish& w) {
        auto& choice = w.likes.emplace_back();
        for (const auto& pattern : patterns)
            choice.push_back({of_pattern(pattern, false), pattern.starts_with('*'),
                              pattern.ends_with('*') && !pattern.ends_with("\\*")});
    }

    /// Chooses among the likes; those that are choices of many turn at different paces.
    static Wish settled(Wish w, std::size_t turn) {
        for (const auto& choice : w.likes) {
            const auto& like = choice[turn % choice.size()];
            if (choice.size() > 1)
                turn /= choice.size();
            if (!like.open_begin && !like.open_end)
                w.whole = {like.text};
            else if (!like.open_begin)
                w.begin = w.begin.size() < like.text.size() ? like.text : w.begin;
            else if (!like.open_end)
                w.end = w.end.size() < like.text.size() ? like.text : w.end;
            else
                w.parts.push_back(like.text);
        }
        return w;
    }

    static std::string text_of(const std::string& name, const Wish& wish, std::size_t turn) {
        const auto w = settled(wish, turn);
        std::string error, hint;
        const auto ref = event::resolve_field(name, error, hint);
        const auto type = ref ? ref->field->type : event::Type::string;
        if (!w.whole.empty())
            return w.whole[turn % w.whole.size()];
        if (w.least || w.most)
            return std::to_string(w.least ? *w.least : *w.most);
        std::string out = w.begin;
        for (const auto& part : w.parts)
            if (out.find(part) == std::string::npos && w.end.find(part) == std::string::npos)
                out += (out.empty() || out.ends_with(' ') ? "" : " ") + part;
        if (!out.ends_with(w.end))
            out += w.end;
        if (!out.empty() && turn % 2 == 1)
            out = w.begin.empty() ? "x" + out : w.end.empty() ? out + "x" : out;
        if (!out.empty())
            return out;
        switch (type) {
        case event::Type::string:
            return turn % 2 == 0 ? "other" : "0123456789ab"; // the second is an id where one is wanted
        case event::Type::integer:
            return "7";
        case event::Type::boolean:
            return turn % 2 == 0 ? "true" : "false";
        case event::Type::address:
            return "192.0.2.9";
        }
        return "";
    }

    bool attempt(const std::map<std::string, Wish>& wishes, std::size_t turn) {
        ++tries_;
        Assignment fields;
        for (const auto& [name, wish] : wishes)
            fields.emplace_back(name, text_of(name, wish, turn));
        // The parent is the first ancestor: where both are asked for, another ancestor takes the ancestor's part.
        for (auto& field : fields)
            if (field.first.starts_with("proc.a") && wishes.contains("proc.p" + field.first.substr(6)))
                field.first += "[2]";
        lead_back(fields);
        std::stable_sort(fields.begin(), fields.end(),
                         [](const auto& a, const auto& b) { return rank(a.first) < rank(b.first); });
        lead_with_name(fields);
        leave_room_for_arguments(fields);
        event::EventBuilder builder;
        Assignment set;
        for (auto& [name, value] : fields) {
            std::string error, hint;
            const auto ref = event::resolve_field(name, error, hint);
            if (!ref || ref->field->set == nullptr)
                continue; // follows from others, or is not there at all: the condition decides
            if (!builder.set(name, value, error))
                return false;
            set.emplace_back(name, value);
        }
        scratch_->reset();
        auto& event = builder.finish();
        stamp(event);
        if (!condition_.matches(event, *scratch_))
            return false;
        found_ = std::move(set);
        return true;
    }

    /// A command line begins with the program's name where that is asked for too.
    static void lead_with_name(Assignment& fields) {
        const auto at = [&](std::string_view name) {
            return std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
        };
        const auto name = at("proc.name"), line = at("proc.cmdline");
        if (line == fields.end())
            return;
        if (name != fields.end() && !line->second.starts_with(name->second + " "))
            line->second = name->second + " " + line->second;
    }

    /// Fields that only follow from others: what they follow from. Capabilities have their whole names.
    static void lead_back(Assignment& fields) {
        const auto at = [&](std::string_view name) {
            return std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
        };
        const auto directory = at("fd.directory");
        if (directory != fields.end() && at("fd.name") == fields.end())
            *directory = {"fd.name", directory->second + "/x"};
        for (auto& [name, value] : fields)
            if (name.starts_with("thread.cap_") && !value.starts_with("CAP_")) {
                std::transform(value.begin(), value.end(), value.begin(),
                               [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
                value.insert(0, "CAP_");
            }
    }

    /// Single arguments are asked for beside the whole line: they stand before what the line must have.
    static void leave_room_for_arguments(Assignment& fields) {
        const auto line =
            std::find_if(fields.begin(), fields.end(), [](const auto& f) { return f.first == "proc.exeline"; });
        const auto arguments =
            std::count_if(fields.begin(), fields.end(), [](const auto& f) { return f.first.starts_with("proc.argv"); });
        if (line != fields.end())
            for (auto n = arguments; n > 0; --n)
                line->second.insert(0, "x ");
    }

    const Condition& condition_;
    const NamedParts& names_;
    std::unique_ptr<event::Scratch> scratch_ = std::make_unique<event::Scratch>();
    std::optional<Assignment> found_;
    std::size_t tries_ = 0;
};

} // namespace

void stamp(event::Event& event) {
    constexpr std::int64_t kHour = 3'600'000'000'000, kThen = 1'700'000'000'000'000'000;
    event.number = 1;
    event.boot_ns = kHour;
    event.wall_ns = kThen;
}

std::optional<Assignment> satisfy(const Expr& tree, const Condition& condition, const NamedParts& names) {
    return Search(condition, names).run(tree);
}

} // namespace rwatch::rules::test
