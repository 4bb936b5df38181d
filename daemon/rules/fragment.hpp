// SPDX-License-Identifier: MIT OR Apache-2.0
// What a text must hold for a test to be true, weaker than the test itself: for who sifts texts before the test is
// tried.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace rwatch::rules {

struct Fragment {
    std::string text;    ///< compared with ASCII letters in either case taken as one
    bool begins = false; ///< the text that is tested begins with it …
    bool ends = false;   ///< … ends with it; neither: it stands somewhere in it
    bool operator==(const Fragment&) const = default;
    bool operator<(const Fragment& other) const noexcept {
        return std::tie(text, begins, ends) < std::tie(other.text, other.begins, other.ends);
    }
};

/// With * where more may stand: "/etc/*".
[[nodiscard]] std::string shown(const Fragment& fragment);

/// The test is true of no text that has none of these. Nothing: such fragments are not known. Texts that hold other
/// characters than ASCII may be left out of account: who sifts lets all of them pass.
using Fragments = std::optional<std::vector<Fragment>>;

} // namespace rwatch::rules
