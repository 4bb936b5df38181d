// SPDX-License-Identifier: MIT OR Apache-2.0
#include "rules/path_part.hpp"

namespace rwatch::rules {

PathPart path_part(std::string_view field) noexcept {
    using Which = PathPart::Which;
    if (field == "fd.directory")
        return {"fd.name", Which::directory};
    if (field == "fd.filename")
        return {"fd.name", Which::file_name};
    if (field == "fs.path.new.extension")
        return {"fs.path.new", Which::extension};
    return {field, Which::whole};
}

Fragment in_path(Fragment fragment, PathPart::Which which) {
    switch (which) {
    case PathPart::Which::directory: // behind it stand a slash and the name; the root's own name is that slash
        if (fragment.ends && !fragment.text.ends_with('/'))
            fragment.text += '/';
        fragment.ends = false;
        break;
    case PathPart::Which::file_name:
        if (fragment.begins)
            fragment.text.insert(0, "/");
        fragment.begins = false;
        break;
    case PathPart::Which::extension:
        fragment.begins = false;
        break;
    case PathPart::Which::whole:
        break;
    }
    return fragment;
}

} // namespace rwatch::rules
