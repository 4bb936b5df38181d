// SPDX-License-Identifier: MIT OR Apache-2.0
// By which names processes found the addresses that they talk to: from the answers of name servers that they received.
// Evidence only: who answers, says what he likes.
#pragma once

#include "event/event.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rwatch::process {

class HostNames {
  public:
    static constexpr std::size_t kYoung = 4096; ///< entries until the older half is forgotten

    /// Learns from an answer, and gives a connection its remote end's name: the one that the process itself was told
    /// last, else the one that a service of the host was told that resolves for others (systemd-resolved, nscd).
    void enrich(event::Event& event) noexcept;
    [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }
    [[nodiscard]] std::size_t size() const noexcept { return young_.size() + old_.size(); }

  private:
    struct Key {
        std::uint64_t start_ns = 0; ///< of the process; 0 for what services were told
        std::uint32_t pid = 0;
        event::Address address;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    using Names = std::unordered_map<Key, std::string, Hash>;

    void learn(const event::Event& event);
    void put(const Key& key, const std::string& name);
    [[nodiscard]] std::string_view find(const Key& key) const noexcept;

    Names young_, old_;
    std::uint64_t forgotten_ = 0;
};

} // namespace rwatch::process
