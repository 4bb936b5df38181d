// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/error.hpp"

#include <system_error>

namespace rwatch {

namespace {
std::string compose(std::string_view operation, std::string_view object, std::string_view reason) {
    std::string text = "cannot ";
    text += operation;
    if (!object.empty())
        text.append(" '").append(object).append("'");
    text.append(": ").append(reason);
    return text;
}
} // namespace

std::string errno_text(int code) {
    return std::generic_category().message(code < 0 ? -code : code);
}

Error::Error(std::string_view operation, std::string_view object, int code)
    : std::runtime_error(compose(operation, object, errno_text(code))), code_(code < 0 ? -code : code) {}

Error::Error(std::string_view operation, std::string_view object, std::string_view reason)
    : std::runtime_error(compose(operation, object, reason)) {}

} // namespace rwatch
