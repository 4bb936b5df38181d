// SPDX-License-Identifier: MIT OR Apache-2.0
// Falco's own rules, unmodified. Their text is not part of this project: RWATCH_CORPUS says where it is; where it is
// not, that is said and nothing is tested.
#include "rules_support.hpp"

#include "rules/collector.hpp"
#include "rules/exceptions.hpp"
#include "rules/falco_reader.hpp"
#include "rules/library.hpp"
#include "rules/parser.hpp"
#include "satisfy.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>

using namespace rwatch;
using namespace rwatch::rules;
using namespace rwatch::rules::test;

namespace {

std::filesystem::path corpus() {
    const char* wanted = std::getenv("RWATCH_CORPUS");
    return wanted != nullptr ? std::filesystem::path(wanted)
                             : std::filesystem::path(RWATCH_SOURCE_ROOT) / "../shared/corpus";
}

std::optional<SourceText> read_corpus(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::cout << "NOT TESTED: no corpus at " << path << " (set RWATCH_CORPUS)\n";
        return std::nullopt;
    }
    return SourceText{path.string(), {std::istreambuf_iterator<char>(file), {}}};
}

/// A file's conditions as trees, with what the names in them stand for.
class Trees {
  public:
    explicit Trees(const SourceText& source) {
        read_falco(source, yaml::parse(source.text, source.file).documents, collector_, found_);
        library_.emplace(collector_, builder_, found_);
        for (const auto& entry : collector_.macros())
            if (auto expr = parse_condition(entry.item.condition, found_))
                macros_.emplace(entry.item.name, std::move(*expr));
        names_.list = [this](std::string_view name) { return library_->list(name); };
        names_.macro = [this](std::string_view name) {
            const auto known = macros_.find(name);
            return known == macros_.end() ? nullptr : &known->second;
        };
    }
    Trees(const Trees&) = delete;
    Trees& operator=(const Trees&) = delete;

    [[nodiscard]] const NamedParts& names() const { return names_; }
    std::optional<Expr> tree(std::string_view rule) {
        for (const auto& [item, skipped] : collector_.rules())
            if (item.name == rule) {
                auto text = item.condition;
                if (item.exceptions && !item.exceptions->empty())
                    text = with_exceptions(*item.condition, *item.exceptions, found_);
                return text ? parse_condition(*text, found_) : std::nullopt;
            }
        return std::nullopt;
    }

  private:
    Diagnostics found_;
    Collector collector_{found_};
    ProgramBuilder builder_;
    std::optional<Library> library_;
    std::map<std::string, Expr, std::less<>> macros_;
    NamedParts names_;
};

} // namespace

TEST_CASE("Falco's stable rules load") {
    const auto source = read_corpus(corpus() / "falco/falco_rules.yaml");
    if (!source)
        return;
    const auto result = load({&*source, 1});
    for (const auto& d : result.diagnostics) {
        INFO(render(d, source->text));
        CHECK(d.severity != Severity::error);
        CHECK(d.where.line != 0);
        CHECK(d.where.column != 0);
    }
    REQUIRE(result.set != nullptr);
    CHECK(result.set->rules().size() == 25);
}

TEST_CASE("Every field that Falco's rules name is known") {
    const auto source = read_corpus(corpus() / "falco/fields.tsv");
    if (!source)
        return;
    std::istringstream lines(source->text);
    std::string line;
    std::getline(lines, line);
    std::size_t seen = 0;
    for (; std::getline(lines, line); ++seen) {
        const auto name = line.substr(0, line.find('\t'));
        std::string error, hint;
        INFO(name);
        CHECK(event::resolve_field(name, error, hint));
        CHECK(error.empty());
    }
    CHECK(seen > 200);
}

TEST_CASE("Falco's stable rules fire on events made of their own values") {
    const auto source = read_corpus(corpus() / "falco/falco_rules.yaml");
    if (!source)
        return;
    const auto result = load({&*source, 1});
    REQUIRE(result.set != nullptr);
    Trees trees(*source);
    // They ask for privileged containers and layers of images.
    const std::set<std::string> beyond{"Debugfs Launched in Privileged Container",
                                       "Drop and execute new binary in container"};
    for (const auto& rule : result.set->rules()) {
        const auto tree = trees.tree(rule.name);
        REQUIRE(tree);
        const auto fields = satisfy(*tree, rule.condition, trees.names());
        INFO(rule.name);
        CHECK(fields.has_value() != beyond.contains(rule.name));
        if (!fields)
            continue;
        MadeEvent event(*fields);
        stamp(*event);
        CHECK(rule.condition.matches(*event, scratch()));
        CHECK_FALSE(rule.output.render(*event, scratch()).empty());
    }
}
