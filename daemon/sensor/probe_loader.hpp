// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds out which hooks this kernel allows by trying: loads the object with the best alternative of each family, and
// where a program is refused goes on with the next one. Private to bpf_source.
#pragma once

#include "core/handle.hpp"
#include "sensor/bpf_source.hpp"
#include "sensor/probes.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct rwatch_bpf;
struct bpf_program;

namespace rwatch::sensor {

/// Why a family is not attached in the best way: one more reason.
void add_reason(std::string& text, std::string_view more);

class ProbeLoader {
  public:
    explicit ProbeLoader(const BpfOptions& options);
    ~ProbeLoader();
    ProbeLoader(const ProbeLoader&) = delete;
    ProbeLoader& operator=(const ProbeLoader&) = delete;

    /// Tries until what is chosen loads and attaches, then gives it to `source`. Throws Error as BpfSource::open.
    void run(BpfSource& source);

  private:
    struct Choice {
        std::size_t next = 0; ///< index of the alternative to try; alternatives.size(): none is left
        std::string reason;   ///< why the better ones are not taken
        bool attached = false;
    };
    struct SkeletonDeleter {
        void operator()(rwatch_bpf* skeleton) const noexcept;
    };

    void open_object();
    void name_own();
    void name_calls(std::span<const WatchedCall> calls);
    void choose_programs();
    [[nodiscard]] bool load();
    [[nodiscard]] bool attach_all();
    [[nodiscard]] bool attach(std::size_t family);
    /// The alternative that is taken, or tried.
    [[nodiscard]] std::string_view way_of(std::size_t family) const;
    [[nodiscard]] bpf_program* program(const ProgramUse& use) const;
    [[nodiscard]] int keep(bpf_program* program);
    /// Where it is wanted; 0, or errno.
    [[nodiscard]] int hang(ProgramHook hook);
    /// 0; errno where calls are wanted, this kernel has them, and none can be hooked.
    [[nodiscard]] int attach_calls(std::size_t family, const ProgramUse& use);
    [[nodiscard]] int attach_program(std::size_t family, const ProgramUse& use);
    void give_up(std::size_t family, const std::string& why);
    void give_up_ways(Place place, const std::string& why);
    [[nodiscard]] bool give_up_program(const std::string& program, const std::string& why);
    [[nodiscard]] bool knows_changes() const;
    [[nodiscard]] bool knows_old_modes() const;
    void hand_over(BpfSource& source);

    const BpfOptions& options_;
    std::vector<Choice> choices_;
    int last_error_ = 0;
    std::unique_ptr<rwatch_bpf, SkeletonDeleter> skeleton_;
    std::map<std::string, Fd> programs_;
    HookSet hooks_;
};

} // namespace rwatch::sensor
