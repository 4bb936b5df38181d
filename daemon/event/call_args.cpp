// SPDX-License-Identifier: MIT OR Apache-2.0
#include "event/call_args.hpp"

#include "event/arg_names.hpp"
#include "event/field_tables.hpp"

#include <algorithm>
#include <array>

namespace rwatch::event {

namespace {

/// How a form is taken and written: the value that a low part has, then bits.
struct FormRow {
    bool wide = false;     ///< the whole register counts
    bool negative = false; ///< the highest bit is a sign
    bool hex = false;
    std::uint64_t mask = 0; ///< of the bits that are one value with a name
    std::span<const Named> values = {};
    std::span<const Named> bits = {};
};
constexpr std::uint64_t kWhole = ~std::uint64_t{0};
constexpr std::uint64_t kSocketTypeMask = 0xf; // SOCK_TYPE_MASK of the kernel

constexpr std::array<FormRow, static_cast<std::size_t>(Form::count)> kForms{{
    {.wide = true, .hex = true},                                                 // text: its address
    {.negative = true},                                                          // integer
    {},                                                                          // natural
    {.wide = true},                                                              // size
    {.wide = true, .hex = true},                                                 // address
    {.hex = true},                                                               // persona
    {.negative = true},                                                          // uid: -1 leaves it as it is
    {.negative = true},                                                          // gid
    {.negative = true, .mask = kWhole, .values = kFamilies},                     // family
    {.mask = kSocketTypeMask, .values = kSocketTypes, .bits = kSocketTypeBits},  // socket_type
    {.wide = true, .negative = true, .mask = kWhole, .values = kPtraceRequests}, // ptrace_request
    {.negative = true, .mask = kWhole, .values = kBpfCommands},                  // bpf_command
    {.bits = kFdFlags},                                                          // fd_flags
    {.bits = kCloneFlags},                                                       // clone_flags
    {.wide = true, .bits = kCloneFlags},                                         // unshare_flags
    {.wide = true, .bits = kMountFlags},                                         // mount_flags
    {.bits = kUmountFlags},                                                      // umount_flags
    {.bits = kMemfdFlags},                                                       // memfd_flags
    {.bits = kModuleFlags},                                                      // module_flags
    {.negative = true, .mask = kWhole, .values = kSignals},                      // signal
    {.wide = true},                                                              // capabilities: see put_arg
    {.bits = kTreeFlags},                                                        // tree_flags
    {.bits = kMoveFlags},                                                        // move_flags
    {.mask = kWhole, .values = kFsCommands},                                     // fs_command
    {.bits = kFsFlags},                                                          // fs_flags
    {.bits = kMountAttributes},                                                  // mount_attributes
    {.bits = kPickFlags},                                                        // pick_flags
    {.bits = kProtections},                                                      // protection
    {.mask = 0xf, .values = kMapTypes, .bits = kMapFlags},                       // map_flags
    {.mask = kWhole, .values = kPrctlOptions},                                   // prctl_option
    {.mask = kWhole, .values = kKeyCommands},                                    // key_command
    {.negative = true, .mask = kWhole, .values = kClocks},                       // clock_id
    {.mask = kWhole, .values = kRebootCommands},                                 // reboot_command
    {.mask = kWhole, .values = kUringOpcodes},                                   // uring_opcode
}};

const FormRow& row_of(Form form) noexcept {
    return kForms[static_cast<std::size_t>(form) % kForms.size()];
}

/// Appends to a list of words joined by '|', begun at `mark`.
void put_word(std::string_view word, std::size_t mark, Scratch& out) noexcept {
    if (out.mark() != mark)
        out.put('|');
    out.put(word);
}

void put_hex(std::uint64_t value, Scratch& out) noexcept {
    out.put("0x");
    out.put_hex(value);
}

void put_named(const FormRow& row, std::uint64_t value, Scratch& out) noexcept {
    const auto mark = out.mark();
    const auto main = value & row.mask;
    auto left = value & ~row.mask;
    const auto named =
        std::find_if(row.values.begin(), row.values.end(), [&](const Named& n) { return n.value == main; });
    if (row.mask != 0 && named == row.values.end())
        out.put(static_cast<std::int64_t>(row.negative && !row.wide ? static_cast<std::int32_t>(main) : main));
    else if (row.mask != 0)
        out.put(named->name);
    for (const auto& [bit, name] : row.bits) {
        if ((left & bit) != bit)
            continue;
        put_word(name, mark, out);
        left &= ~bit;
    }
    if (left != 0) {
        put_word("", mark, out);
        put_hex(left, out);
    } else if (out.mark() == mark) {
        out.put('0');
    }
}

std::optional<std::uint64_t> parse_word(const FormRow& row, std::string_view word) noexcept {
    for (const auto& list : {row.values, row.bits})
        for (const auto& [value, name] : list)
            if (name == word)
                return value;
    std::uint64_t number = 0;
    std::int64_t below = 0;
    if (word.starts_with("0x")) {
        const auto [end, error] = std::from_chars(word.data() + 2, word.data() + word.size(), number, 16);
        if (error != std::errc{} || end != word.data() + word.size())
            return std::nullopt;
        return number;
    }
    if (parse_number(word, number))
        return number;
    if (row.negative && parse_number(word, below))
        return static_cast<std::uint64_t>(below);
    return std::nullopt;
}

} // namespace

std::uint64_t taken_as(Form form, std::uint64_t value) noexcept {
    return row_of(form).wide ? value : value & 0xffffffffU;
}

std::int64_t number_of(Form form, std::uint64_t value) noexcept {
    const auto& row = row_of(form);
    return row.negative && !row.wide ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

void put_arg(const Event& e, std::size_t index, Scratch& out) noexcept {
    const auto form = signature_of(e.call)[index].form;
    const auto value = e.args[index];
    const auto& row = row_of(form);
    if (form == Form::text) {
        out.put(e.texts[index]);
        return;
    }
    if ((form == Form::uid || form == Form::gid) && e.directory != nullptr && value != kUnset) {
        const auto id = static_cast<std::uint32_t>(value);
        const auto name = form == Form::uid ? e.directory->user(id) : e.directory->group(id);
        if (!name.empty()) {
            out.put(name);
            return;
        }
    }
    if (form == Form::capabilities)
        put_capabilities(value, out, '|');
    else if (row.mask != 0 || !row.bits.empty())
        put_named(row, value, out);
    else if (row.hex)
        put_hex(value, out);
    else
        out.put(number_of(form, value));
}

std::optional<std::uint64_t> parse_arg(Form form, std::string_view text) noexcept {
    std::uint64_t sum = 0;
    if (form == Form::capabilities && parse_capabilities(text, sum, '|'))
        return sum;
    sum = 0;
    do {
        const auto word = text.substr(0, text.find('|'));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        const auto value = parse_word(row_of(form), word);
        if (!value)
            return std::nullopt;
        sum |= *value;
    } while (!text.empty());
    return taken_as(form, sum);
}

} // namespace rwatch::event
