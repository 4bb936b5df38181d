// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/text_automaton.hpp"

#include "core/ascii.hpp"

#include <algorithm>

namespace rwatch::rules {

namespace {

constexpr std::uint8_t kLetters = 1, kDigits = 27, kPunctuation = 37, kOther = 60, kForeignByte = 61;
constexpr std::string_view kMarksOfPaths = "/._-@+:,= ~#%(){}[]$&'!";
static_assert(kPunctuation + kMarksOfPaths.size() == kOther && kForeignByte + 1 == TextAutomaton::kSymbols);

} // namespace

std::uint8_t TextAutomaton::symbol(unsigned char byte) noexcept {
    const char c = lower(static_cast<char>(byte));
    if (byte >= 0x80)
        return kForeignByte;
    if (c >= 'a' && c <= 'z')
        return static_cast<std::uint8_t>(kLetters + (c - 'a'));
    if (c >= '0' && c <= '9')
        return static_cast<std::uint8_t>(kDigits + (c - '0'));
    const auto mark = kMarksOfPaths.find(c);
    return mark == std::string_view::npos ? kOther : static_cast<std::uint8_t>(kPunctuation + mark);
}

TextAutomaton::TextAutomaton() : states_(3) {
    states_[kForeign].hits = states_[kForeign].live = 0xffff;
}

std::uint16_t TextAutomaton::push() {
    states_.emplace_back();
    return static_cast<std::uint16_t>(states_.size() - 1);
}

bool TextAutomaton::add(const Fragment& fragment, Marks marks) {
    if (!is_ascii(fragment.text)) { // it stands only in texts that find everything, once they are looked at
        foreign_ |= marks;
        return true;
    }
    if (states_.size() + fragment.text.size() + 1 > kMostStates)
        return false;
    std::uint16_t at = fragment.begins ? kBegin : kRoot;
    const auto step = [&](std::uint8_t on) {
        if (states_[at].next[on] == 0) {
            const auto made = push();
            states_[at].next[on] = made;
        }
        at = states_[at].next[on];
    };
    for (const char c : fragment.text)
        step(symbol(static_cast<unsigned char>(c)));
    if (fragment.ends)
        step(kEnd);
    states_[at].hits |= marks;
    return true;
}

void TextAutomaton::finish() {
    std::vector<std::uint16_t> fail(states_.size(), kRoot), order{kRoot, kBegin};
    // What is below a state, before the ways that lead back are in: children have higher numbers.
    for (auto& state : states_)
        state.live |= state.hits | foreign_;
    for (std::size_t i = states_.size(); i-- > 0;)
        for (const auto child : states_[i].next)
            if (child != 0)
                states_[i].live |= states_[child].live;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto at = order[i];
        auto& state = states_[at];
        state.hits |= states_[fail[at]].hits;
        state.live |= states_[fail[at]].live;
        for (std::size_t on = 0; on < kSymbols; ++on) {
            const auto back = at == kRoot ? kRoot : states_[fail[at]].next[on];
            if (const auto child = state.next[on]; child != 0) {
                fail[child] = back;
                order.push_back(child);
            } else {
                state.next[on] = on == kForeignByte ? kForeign : back;
            }
        }
    }
    states_[kForeign].next.fill(kForeign);
}

TextAutomaton::Place TextAutomaton::walk(std::string_view text) const noexcept {
    Place at{kBegin, states_[kBegin].hits};
    for (const char c : text) {
        at.state = states_[at.state].next[symbol(static_cast<unsigned char>(c))];
        at.hits |= states_[at.state].hits;
    }
    return at;
}

TextAutomaton::Marks TextAutomaton::run(std::string_view text) const noexcept {
    const auto at = walk(text);
    return at.hits | states_[states_[at.state].next[kEnd]].hits;
}

} // namespace rwatch::rules
