// SPDX-License-Identifier: MIT OR Apache-2.0
// The service over a daemon made of fixed answers, on a private bus, with clients in threads and processes beside it.
#pragma once

#include "bus/service.hpp"
#include "core/time.hpp"
#include "dbus/names.hpp"
#include "dbus/variant_json.hpp"
#include "private_bus.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <future>
#include <memory>
#include <sdbus-c++/sdbus-c++.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rwatch::test {

inline constexpr auto kPatience = std::chrono::seconds(20);

/// Answers from plain members and keeps what it was asked; tells the service as app does.
class FakeControl : public bus::Control {
  public:
    FakeControl() {
        status_value.version = "1.2.3";
        status_value.state = "running";
        status_value.generation = 7;
        status_value.started_ns = 1'700'000'000 * kSecond;
        for (const char* name : {"first rule", "second/rule ü", "third"}) {
            bus::Detector detector;
            detector.name = name;
            detector.description = std::string("about ") + name;
            detector.state = "active";
            detector.priority = rules::Priority::warning;
            detector.tags = {"common"};
            detector.hits = 5;
            detector.last_hit_ns = 3 * kSecond;
            detector_list.push_back(detector);
        }
    }

    bus::Status status() const override {
        ++status_calls;
        if (broken)
            throw std::logic_error("the status is broken \xff");
        return status_value;
    }
    std::vector<bus::Detector> detectors() const override {
        ++detector_calls;
        return detector_list;
    }
    bus::ReloadResult reload() override {
        if (broken)
            throw 42; // NOLINT(hicpp-exception-baseclass): whatever it is, it must not leave a handler
        if (reload_result.ok)
            status_value.generation = reload_result.generation;
        if (service != nullptr && reload_result.ok)
            service->rules_reloaded();
        return reload_result;
    }
    const alerts::History& history() const override { return alerts_kept; }
    std::vector<std::string> acknowledge(const std::vector<std::string>& ids,
                                         const alerts::Acknowledgement& ack) override {
        std::vector<std::string> known, unknown;
        for (const auto& id : ids)
            (alerts_kept.acknowledge(id, ack) ? known : unknown).push_back(id);
        if (service != nullptr)
            service->acknowledged(known);
        return unknown;
    }
    std::optional<std::vector<std::string>> pause(const std::string& selector, std::int64_t for_ns,
                                                  const std::string& reason, std::uint32_t uid) override {
        bus::Pause pause;
        pause.selector = selector;
        pause.reason = reason;
        pause.uid = uid;
        pause.since_ns = 10 * kSecond;
        pause.until_ns = for_ns == 0 ? 0 : pause.since_ns + for_ns;
        return change(selector, "paused", pause);
    }
    std::optional<std::vector<std::string>> resume(const std::string& selector, std::uint32_t /*uid*/) override {
        ++resume_calls;
        return change(selector, "active", std::nullopt);
    }

    bus::OpenedPipe open_events(const std::string& condition) override {
        bus::OpenedPipe out;
        if (condition == "wrong")
            out.diagnostics.push_back(
                {Severity::error, "unknown-field", {"condition", 1, 5}, "no such field", "did you mean 'x'?"});
        out.too_many = condition == "many";
        if (condition == "wrong" || condition == "many")
            return out;
        std::array<int, 2> ends{-1, -1};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        out.pipe.reset(ends[0]);
        const Fd writer(ends[1]);
        const auto line = "{\"condition\": \"" + condition + "\"}\n";
        REQUIRE(::write(writer.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
        return out;
    }

    bus::OpenedPipe open_capture() override { return open_events("capture"); }
    void service_changed(bool runs, const std::string& unit, const std::string& state) override {
        services.push_back(std::string(runs ? "+" : "-") + unit + " " + state);
    }
    void services_watched(const std::string& trouble) override { services_trouble = trouble; }

    std::vector<std::string> services;
    std::optional<std::string> services_trouble;
    bus::Status status_value;
    std::vector<bus::Detector> detector_list;
    bus::ReloadResult reload_result;
    alerts::History alerts_kept{10000};
    bus::Service* service = nullptr;
    bool broken = false;
    int resume_calls = 0;
    mutable int status_calls = 0, detector_calls = 0;

  private:
    std::optional<std::vector<std::string>> change(const std::string& selector, const char* state,
                                                   const std::optional<bus::Pause>& pause) {
        std::vector<std::string> names;
        bool known = false;
        for (auto& detector : detector_list) {
            if (detector.name != selector &&
                std::find(detector.tags.begin(), detector.tags.end(), selector) == detector.tags.end())
                continue;
            known = true;
            if (!pause && detector.state == state)
                continue;
            detector.state = state;
            detector.pause = pause;
            names.push_back(detector.name);
        }
        if (service != nullptr)
            service->detectors_changed();
        return known ? std::optional(names) : std::nullopt;
    }
};

/// A client's connection and a proxy for the manager.
struct Client {
    explicit Client(const std::string& address)
        : connection(sdbus::createSessionBusConnectionWithAddress(address)), manager(proxy(dbus::kManagerPath)) {}
    [[nodiscard]] std::unique_ptr<sdbus::IProxy> proxy(const std::string& path) const {
        return sdbus::createProxy(*connection, dbus::kBusName, path);
    }
    [[nodiscard]] dbus::Dictionary all(const std::string& path, const std::string& interface) const {
        dbus::Dictionary out;
        proxy(path)
            ->callMethod("GetAll")
            .onInterface("org.freedesktop.DBus.Properties")
            .withArguments(interface)
            .storeResultsTo(out);
        return out;
    }
    std::unique_ptr<sdbus::IConnection> connection;
    std::unique_ptr<sdbus::IProxy> manager;
};

inline constexpr const char* kManager = "org.rwatch1.Manager";
inline constexpr const char* kDetector = "org.rwatch1.Detector";

class BusFixture {
  public:
    explicit BusFixture(const std::string& policy = PrivateBus::kOpenPolicy)
        : bus(policy), service(new_event(), bus.address(), control) {
        control.service = &service;
    }
    ~BusFixture() { control.service = nullptr; }

    /// Runs `body(client)` in a thread while the service's loop turns; gives its result or throws its exception.
    template <typename Body> auto client(Body body) {
        auto done = std::async(std::launch::async, [this, body] {
            Client client(bus.address());
            return body(client);
        });
        turn_until([&] { return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
        return done.get();
    }

    /// Name of the D-Bus error that `body(client)` meets; "" where it meets none.
    template <typename Body> std::string error_of(Body body) {
        return client([body](Client& c) -> std::string {
            try {
                body(c);
                return "";
            } catch (const sdbus::Error& error) {
                return error.getName();
            }
        });
    }

    /// The same in a process of user `uid`.
    template <typename Body> std::string error_as(uid_t uid, Body body) {
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        const pid_t pid = fork();
        if (pid == 0) {
            std::string name = "cannot become the user";
            if (setgid(uid) == 0 && setuid(uid) == 0) {
                try {
                    Client client(bus.address());
                    body(client);
                    name = "";
                } catch (const sdbus::Error& error) {
                    name = error.getName();
                }
            }
            const auto wrote = write(pipe[1], name.data(), name.size());
            _exit(wrote < 0 ? 1 : 0);
        }
        close(pipe[1]);
        int status = 0;
        turn_until([&] { return waitpid(pid, &status, WNOHANG) == pid; });
        std::string name(256, '\0');
        const auto got = read(pipe[0], name.data(), name.size());
        close(pipe[0]);
        name.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return name;
    }

    template <typename Condition> void turn_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error("waited too long");
            REQUIRE(sd_event_run(event.get(), 5000) >= 0);
        }
    }
    void turn_for(std::chrono::milliseconds time) {
        const auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end)
            REQUIRE(sd_event_run(event.get(), 5000) >= 0);
    }

    PrivateBus bus;
    Handle<sd_event, sd_event_unref> event;
    FakeControl control;
    bus::Service service;

  private:
    sd_event* new_event() {
        sd_event* made = nullptr;
        REQUIRE(sd_event_new(&made) >= 0);
        event.reset(made);
        return made;
    }
};

inline std::shared_ptr<alerts::Alert> make_alert(const std::string& id, std::int64_t wall_ns) {
    auto alert = std::make_shared<alerts::Alert>();
    alert->id = id;
    alert->wall_ns = wall_ns;
    alert->hostname = "host";
    alert->rule = "first rule";
    alert->priority = rules::Priority::critical;
    alert->output = "something happened";
    alert->tags = {"common"};
    alert->output_fields = {
        {"proc.pid", std::int64_t{12}}, {"fd.name", std::string("/etc/shadow")}, {"user.name", std::monostate{}}};
    alert->unit = "ssh.service";
    alert->respond = "look at it";
    alert->processes = {{12, "/bin/cat", "cat /etc/shadow", "root", kSecond}};
    return alert;
}

} // namespace rwatch::test
