// SPDX-License-Identifier: MIT OR Apache-2.0
// A text of a Sigma rule: plain pieces, wildcards and (after `expand`) placeholders. Specification 2.1, "String
// Wildcard" and "Escape Character".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rwatch::rules {

class SigmaString {
  public:
    struct Part {
        enum class Kind : std::uint8_t { text, star, any, placeholder };
        Kind kind = Kind::text;
        std::string text; ///< or the placeholder's name
        bool operator==(const Part&) const = default;
    };

    SigmaString() = default;
    /// Reads wildcards and escapes.
    explicit SigmaString(std::string_view written);
    /// Takes every byte as it is.
    [[nodiscard]] static SigmaString plain(std::string text);

    [[nodiscard]] const std::vector<Part>& parts() const noexcept { return parts_; }
    [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }
    [[nodiscard]] bool has_wildcards() const noexcept;
    /// Name of the first placeholder, nullptr where there is none.
    [[nodiscard]] const std::string* placeholder() const noexcept;
    /// Bytes of its pattern, escapes not counted.
    [[nodiscard]] std::size_t size() const noexcept;
    /// The plain pieces together.
    [[nodiscard]] std::string text() const;
    /// As the operator `like` reads it.
    [[nodiscard]] std::string pattern() const;

    /// A star at the beginning, or the end, where none stands.
    void open_begin();
    void open_end();
    void append(Part part);
    /// Replaces each plain piece.
    template <typename Change> void change_text(Change change) {
        for (auto& part : parts_)
            if (part.kind == Part::Kind::text)
                part.text = change(part.text);
    }
    /// %name% becomes a placeholder, \% a percent sign.
    void read_placeholders();

  private:
    std::vector<Part> parts_; ///< no two texts beside each other, none empty
};

} // namespace rwatch::rules
