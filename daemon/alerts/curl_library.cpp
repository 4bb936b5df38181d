// SPDX-License-Identifier: MIT OR Apache-2.0
#include "alerts/curl_library.hpp"

#include "core/error.hpp"

#include <dlfcn.h>

namespace rwatch::alerts {

namespace {

template <typename Function> void find(void* library, const char* name, Function& out) {
    out = reinterpret_cast<Function>(::dlsym(library, name));
    if (out == nullptr)
        throw Error("load", "libcurl", ::dlerror());
}

} // namespace

CurlLibrary::CurlLibrary() {
    // Stays until the end: it has threads and state of its own.
    void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw Error("load", "libcurl", ::dlerror());
    find(library, "curl_global_init", global_init);
    find(library, "curl_easy_init", easy_init);
    find(library, "curl_easy_cleanup", easy_cleanup);
    find(library, "curl_easy_setopt", easy_setopt);
    find(library, "curl_easy_getinfo", easy_getinfo);
    find(library, "curl_easy_strerror", easy_strerror);
    find(library, "curl_multi_init", multi_init);
    find(library, "curl_multi_cleanup", multi_cleanup);
    find(library, "curl_multi_add_handle", multi_add_handle);
    find(library, "curl_multi_remove_handle", multi_remove_handle);
    find(library, "curl_multi_perform", multi_perform);
    find(library, "curl_multi_poll", multi_poll);
    find(library, "curl_multi_info_read", multi_info_read);
    find(library, "curl_slist_append", slist_append);
    find(library, "curl_slist_free_all", slist_free_all);
    global_init(CURL_GLOBAL_DEFAULT);
}

const CurlLibrary& CurlLibrary::get() {
    static const CurlLibrary library;
    return library;
}

} // namespace rwatch::alerts
