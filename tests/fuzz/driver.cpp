// SPDX-License-Identifier: MIT OR Apache-2.0
// Runs a fuzz target without libFuzzer, so that every build and every test run tries it: first the seeds as they are,
// then mutations of them until the time is over. Usage: TARGET SECONDS [SEED-FILE-OR-DIRECTORY]...   The random seed is
// printed; RWATCH_FUZZ_SEED repeats a run. An input that kills or hangs the target is left as "TARGET.crash" in the
// working directory.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kLongest = 64U << 10U; // bytes of a mutated input
constexpr unsigned kHang = 20;               // seconds that one input may take
constexpr std::size_t kMostInputs = 4096;

std::string current, crash_file; // read by the signal handler

void save_and_die(int signal) {
    const int fd = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && ::write(fd, current.data(), current.size()) >= 0)
        ::close(fd);
    std::signal(signal, SIG_DFL);
    (void)::raise(signal);
}

void run(std::string input) {
    current = std::move(input);
    ::alarm(kHang);
    (void)LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

std::vector<std::string> read_seeds(int count, char** names) {
    std::vector<std::string> seeds{""};
    const auto add = [&](const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    };
    for (int i = 0; i < count; ++i) {
        if (!std::filesystem::is_directory(names[i])) {
            add(names[i]);
            continue;
        }
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::directory_iterator(names[i]))
            files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const auto& file : files)
            add(file);
    }
    return seeds;
}

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    std::string mutate(std::string input, const std::string& other) {
        for (auto n = 1 + below(6); n > 0; --n)
            once(input, other);
        input.resize(std::min(input.size(), kLongest));
        return input;
    }
    std::size_t below(std::size_t n) { return n == 0 ? 0 : random_() % n; }

  private:
    void once(std::string& input, const std::string& other) {
        using namespace std::string_view_literals;
        static constexpr std::array kPieces{"\xff\xff\xff\xff"sv,
                                            "\0\0\0\0"sv,
                                            "(((("sv,
                                            "))))"sv,
                                            " not "sv,
                                            " and "sv,
                                            "\""sv,
                                            "'"sv,
                                            "\\"sv,
                                            "["sv,
                                            "%"sv,
                                            "\n- "sv};
        const auto at = below(input.size() + 1);
        switch (below(7)) {
        case 0:
            if (at < input.size())
                input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
            break;
        case 1:
            input.insert(at, 1, static_cast<char>(below(256)));
            break;
        case 2:
            input.erase(at, 1 + below(16));
            break;
        case 3: // a piece of another input
            input.insert(at, other.substr(below(other.size() + 1), below(64)));
            break;
        case 4: // a piece of itself again
            input.insert(at, input.substr(below(input.size() + 1), below(64)));
            break;
        case 5:
            input.insert(at, kPieces[below(kPieces.size())]);
            break;
        default: // its head and another's tail
            input = input.substr(0, at) + other.substr(below(other.size() + 1));
        }
    }

    std::mt19937_64 random_;
};

std::uint64_t random_seed() {
    const char* wanted = std::getenv("RWATCH_FUZZ_SEED");
    return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device()();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s SECONDS [SEED]...\n", argv[0]);
        return 2;
    }
    crash_file = std::filesystem::path(argv[0]).filename().string() + ".crash";
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM})
        std::signal(signal, save_and_die);
    auto inputs = read_seeds(argc - 2, argv + 2);
    for (const auto& input : inputs)
        run(input);
    const auto seeds = inputs.size();
    const auto seed = random_seed();
    Mutator mutator(seed);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[1]));
    std::size_t runs = 0;
    for (; std::chrono::steady_clock::now() < end; ++runs) {
        auto input = mutator.mutate(inputs[mutator.below(inputs.size())], inputs[mutator.below(inputs.size())]);
        run(input);
        // Some mutations go on to be mutated again, so that a run wanders further than a few steps from the seeds.
        if (mutator.below(16) == 0 && inputs.size() < kMostInputs)
            inputs.push_back(std::move(input));
        else if (inputs.size() > seeds && mutator.below(16) == 0)
            inputs[seeds + mutator.below(inputs.size() - seeds)] = std::move(input);
    }
    ::alarm(0);
    std::printf("%zu seeds, %zu mutations, RWATCH_FUZZ_SEED=%llu\n", seeds, runs,
                static_cast<unsigned long long>(seed));
    return 0;
}
