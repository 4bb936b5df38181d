// SPDX-License-Identifier: MIT OR Apache-2.0
#include "args.hpp"

#include "core/escape.hpp"
#include "core/suggest.hpp"

#include <algorithm>

namespace rwatch::ctl {

namespace {

std::string in_quotes(std::string_view text) {
    return "'" + escape(text) + "'";
}

class Reader {
  public:
    Reader(std::span<const std::string_view> args, std::size_t at, std::span<const OptionSpec> specs, Arguments& out)
        : args_(args), at_(at), specs_(specs), out_(out) {}

    [[nodiscard]] bool done() const noexcept { return at_ >= args_.size(); }
    [[nodiscard]] std::string_view next() const noexcept { return args_[at_]; }
    [[nodiscard]] std::size_t at() const noexcept { return at_; }
    std::string_view take() noexcept { return args_[at_++]; }

    /// --name, --name=value, --name value
    void take_long() {
        const auto arg = take();
        const auto equals = arg.find('=');
        const auto name = arg.substr(2, equals == std::string_view::npos ? std::string_view::npos : equals - 2);
        const auto* spec = find([&](const OptionSpec& s) { return s.name == name; });
        if (spec == nullptr)
            refuse_unknown(name);
        if (spec->value.empty()) {
            if (equals != std::string_view::npos)
                throw UsageError("option '--" + std::string(spec->name) + "' takes no value");
            out_.set(spec->name, "");
            return;
        }
        out_.set(spec->name, equals == std::string_view::npos ? value_for(*spec) : std::string(arg.substr(equals + 1)));
    }

    /// -n, -n5, -n 5, -hn5
    void take_short() {
        const auto arg = take();
        for (std::size_t i = 1; i < arg.size(); ++i) {
            const auto* spec = find([&](const OptionSpec& s) { return s.letter == arg[i]; });
            if (spec == nullptr)
                throw UsageError("unknown option " + in_quotes("-" + std::string(1, arg[i])));
            if (spec->value.empty()) {
                out_.set(spec->name, "");
                continue;
            }
            const auto rest = arg.substr(i + 1);
            out_.set(spec->name, rest.empty() ? value_for(*spec) : std::string(rest));
            return;
        }
    }

  private:
    template <typename Match> [[nodiscard]] const OptionSpec* find(Match match) const {
        const auto found = std::find_if(specs_.begin(), specs_.end(), match);
        return found == specs_.end() ? nullptr : &*found;
    }
    std::string value_for(const OptionSpec& spec) {
        if (done())
            throw UsageError("option '--" + std::string(spec.name) + "' needs a value: " + std::string(spec.value));
        return std::string(take());
    }
    [[noreturn]] void refuse_unknown(std::string_view name) const {
        std::vector<std::string_view> names;
        for (const auto& spec : specs_)
            names.push_back(spec.name);
        const auto near = nearest(name, names);
        throw UsageError("unknown option " + in_quotes("--" + std::string(name)) +
                         (near.empty() ? "" : ", did you mean '--" + std::string(near) + "'?"));
    }

    std::span<const std::string_view> args_;
    std::size_t at_;
    std::span<const OptionSpec> specs_;
    Arguments& out_;
};

} // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
    const auto found = options_.find(option);
    return found == options_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t parse_arguments(std::span<const std::string_view> args, std::size_t begin,
                            std::span<const OptionSpec> specs, bool stop_at_positional, Arguments& out) {
    Reader reader(args, begin, specs, out);
    while (!reader.done()) {
        const auto arg = reader.next();
        if (arg == "--" && !stop_at_positional) {
            reader.take();
            while (!reader.done())
                out.add(std::string(reader.take()));
        } else if (arg.starts_with("--") && arg.size() > 2) {
            reader.take_long();
        } else if (arg.starts_with("-") && arg.size() > 1) {
            reader.take_short();
        } else if (stop_at_positional) {
            break;
        } else {
            out.add(std::string(reader.take()));
        }
    }
    return reader.at();
}

} // namespace rwatch::ctl
