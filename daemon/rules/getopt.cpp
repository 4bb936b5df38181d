// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/getopt.hpp"

namespace rwatch::rules {

namespace {

/// Takes what the options of one command line give.
class Options {
  public:
    Options(std::optional<char> only, event::Scratch& scratch, event::Values& out) noexcept
        : only_(only), scratch_(scratch), out_(out) {}

    void unknown() noexcept {
        if (!only_)
            add("?");
    }
    void flag(std::string_view letter) noexcept {
        if (!only_)
            add(letter);
        else if (letter.front() == *only_)
            find(letter);
    }
    void valued(std::string_view letter, std::optional<std::string_view> value) noexcept {
        if (only_) {
            if (letter.front() == *only_)
                find(value.value_or(std::string_view()));
        } else if (!value) {
            add("");
        } else {
            add(letter);
            add(*value);
        }
    }
    bool finish() noexcept {
        if (found_)
            out_.add(value_);
        return !only_ || found_;
    }

  private:
    void find(std::string_view value) noexcept {
        found_ = true;
        value_ = value;
    }
    void add(std::string_view text) noexcept {
        if (out_.items().size() == event::Values::kMost)
            scratch_.count_cut();
        else
            out_.add(text);
    }

    std::optional<char> only_;
    event::Scratch& scratch_;
    event::Values& out_;
    bool found_ = false; ///< the only one that is asked for
    std::string_view value_;
};

} // namespace

OptionLetters::OptionLetters(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':')
            continue;
        const auto c = static_cast<unsigned char>(text[i]);
        known_.set(c);
        if (i + 1 < text.size() && text[i + 1] == ':')
            valued_.set(c);
    }
}

bool read_options(std::span<const event::Value> words, const OptionLetters& letters, std::optional<char> only,
                  event::Scratch& scratch, event::Values& out) noexcept {
    Options options(only, scratch, out);
    for (std::size_t word = 0; word < words.size(); ++word) {
        const auto text = words[word].string;
        if (text == "--" || text.size() < 2 || text.front() != '-')
            break;
        if (text.starts_with("--"))
            continue;
        for (std::size_t i = 1; i < text.size(); ++i) {
            const auto letter = text.substr(i, 1);
            if (!letters.known(letter.front())) {
                options.unknown();
                continue;
            }
            if (!letters.takes_value(letter.front())) {
                options.flag(letter);
                continue;
            }
            std::optional<std::string_view> value;
            if (i + 1 < text.size())
                value = text.substr(i + 1);
            else if (word + 1 < words.size())
                value = words[++word].string;
            options.valued(letter, value);
            break;
        }
    }
    return options.finish();
}

} // namespace rwatch::rules
