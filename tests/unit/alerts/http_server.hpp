// SPDX-License-Identifier: MIT OR Apache-2.0
// A small HTTP server on loopback for the webhook's tests: one request a connection, answers from a script, may also
// never answer.
#pragma once

#include "core/handle.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace rwatch::test {

struct HttpRequest {
    std::string head, body;
    std::chrono::steady_clock::time_point when;
};

class HttpServer {
  public:
    /// answer: given the number of the request (from 0), the whole response; "" leaves the connection open without a
    /// word.
    using Answer = std::function<std::string(std::size_t)>;

    explicit HttpServer(Answer answer)
        : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* plain = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), plain, length) != 0 || ::listen(listener_.get(), 16) != 0 ||
            ::getsockname(listener_.get(), plain, &length) != 0)
            throw std::runtime_error("no loopback server");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer() {
        stop_ = true;
        thread_.join();
    }

    static std::string response(int status, const std::string& headers = {}) {
        return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Length: 2\r\nConnection: close\r\n" +
               headers + "\r\nok";
    }
    [[nodiscard]] std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] std::vector<HttpRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    [[nodiscard]] std::size_t count() const { return requests().size(); }

  private:
    void serve() {
        while (!stop_) {
            pollfd ready{listener_.get(), POLLIN, 0};
            if (::poll(&ready, 1, 10) == 1)
                handle(Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        }
    }

    void handle(Fd connection) {
        std::string data;
        std::size_t end = 0;
        std::size_t length = 0;
        while (!stop_) {
            pollfd ready{connection.get(), POLLIN, 0};
            if (::poll(&ready, 1, 10) != 1)
                continue;
            char buffer[4096];
            const auto got = ::read(connection.get(), buffer, sizeof buffer);
            if (got <= 0)
                return;
            data.append(buffer, static_cast<std::size_t>(got));
            end = data.find("\r\n\r\n");
            if (end == std::string::npos)
                continue;
            const auto at = data.find("Content-Length: ");
            length = at == std::string::npos ? 0 : std::stoul(data.substr(at + 16));
            if (data.size() >= end + 4 + length)
                break;
        }
        if (stop_)
            return;
        std::size_t number = 0;
        {
            const std::lock_guard lock(mutex_);
            number = requests_.size();
            requests_.push_back(
                {data.substr(0, end + 2), data.substr(end + 4, length), std::chrono::steady_clock::now()});
        }
        const auto answer = answer_(number);
        if (answer.empty())
            silent_.push_back(std::move(connection));
        else
            ::send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }

    const Answer answer_;
    Fd listener_;
    std::uint16_t port_ = 0;
    std::atomic<bool> stop_{false};
    mutable std::mutex mutex_;
    std::vector<HttpRequest> requests_;
    std::vector<Fd> silent_;
    std::thread thread_;
};

} // namespace rwatch::test
