// SPDX-License-Identifier: MIT OR Apache-2.0
// A directory of one test, gone with it.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace rwatch::test {

class TempDir {
  public:
    TempDir() {
        std::array<char, 32> name{"/tmp/rwatch-test-XXXXXX"};
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = std::filesystem::canonical(name.data()).string();
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string at(std::string_view name) const { return path_ + "/" + std::string(name); }

    /// Writes a file, and the directories that lead to it.
    std::string write(std::string_view name, std::string_view text) const {
        const auto file = at(name);
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
        return file;
    }

  private:
    std::string path_;
};

} // namespace rwatch::test
