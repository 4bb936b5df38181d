// SPDX-License-Identifier: MIT OR Apache-2.0
// How rwatch tells that its environment failed: one exception type that says what was tried, on what, and why not.
// Text from users never throws; it gives Diagnostics (diagnostic.hpp).
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rwatch {

/// A failure of the environment. what() reads "cannot attach probe 'exec': Permission denied".
class Error : public std::runtime_error {
  public:
    /// operation: a verb and noun ("open file"); object: the thing, quoted in the text; code: errno, 0 where there is
    /// none.
    Error(std::string_view operation, std::string_view object, int code);
    /// For failures with a reason that is not an errno.
    Error(std::string_view operation, std::string_view object, std::string_view reason);

    [[nodiscard]] int code() const noexcept { return code_; }

  private:
    int code_ = 0;
};

/// strerror without its shared buffer.
[[nodiscard]] std::string errno_text(int code);

} // namespace rwatch
