// SPDX-License-Identifier: MIT OR Apache-2.0
// libcurl, loaded when the first webhook is made: with all that it brings along it is 4 MiB of memory, and most hosts
// post to nowhere. Its version is that of the headers, by its name. Private to webhook.
#pragma once

#include <curl/curl.h>

namespace rwatch::alerts {

struct CurlLibrary {
    /// Loads it, once. Throws Error where it is not there.
    [[nodiscard]] static const CurlLibrary& get();

    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_perform) multi_perform = nullptr;
    decltype(&::curl_multi_poll) multi_poll = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;

  private:
    CurlLibrary();
};

} // namespace rwatch::alerts
