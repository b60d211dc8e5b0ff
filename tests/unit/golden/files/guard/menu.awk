# Reads grub.cfg. Prints "next KERNEL" for the kernel that boots next, and "entry KERNEL NAME" with
# an entry that boots KERNEL and no other (separated by tabs, in the order of the menu).
# SAVED and ONCE of the environment are saved_entry and next_entry of grubenv.
#
# The rules are those of facts/parse/grub.py, for a host without Python; a test compares the two.
# mawk reads it (Debian's default), so it keeps to POSIX awk.

function unquoted(text, mark) {
    mark = substr(text, 1, 1)
    if (mark == "\047" || mark == "\"") {
        text = substr(text, 2)
        return substr(text, 1, index(text, mark) - 1)
    }
    sub(/[ \t].*/, "", text)
    return text
}

function release(path) {
    sub(/.*\//, "", path)
    if (path !~ /^vmlinu[xz]-/) return ""
    return substr(path, 9)
}

# What boots when this is chosen: itself, or a submenu's first leaf; 0 where there is none.
function leaf(entry, i, found) {
    if (!submenu[entry]) return entry
    for (i = 0; i < size[entry]; i++)
        if ((found = leaf(child[entry, i]))) return found
    return 0
}

function named(entry, name) { return title[entry] == name || ident[entry] == name }

# The entry that a default names below `menu`: by title, id or number; "outer>inner" goes deeper.
function find(menu, wanted, i, mark, head, entry) {
    for (i = 0; i < size[menu]; i++)
        if (named(child[menu, i], wanted)) return leaf(child[menu, i])
    mark = index(wanted, ">")
    head = mark ? substr(wanted, 1, mark - 1) : wanted
    for (i = 0; i < size[menu] && !entry; i++)
        if (named(child[menu, i], head)) entry = child[menu, i]
    if (!entry && head ~ /^[0-9]+$/ && length(head) < 6 && head + 0 < size[menu])
        entry = child[menu, head + 0]
    if (!entry) return 0
    return mark ? find(entry, substr(wanted, mark + 1)) : leaf(entry)
}

function name_of(entry) { return ident[entry] != "" ? ident[entry] : title[entry] }

function path_to(entry, path) {
    path = name_of(entry)
    while ((entry = owner[entry])) path = name_of(entry) ">" path
    return path
}

BEGIN { submenu[0] = 1; depth = open[0] = 0; wanted = "0" }

{ gsub(/^[ \t\r]+|[ \t\r]+$/, "") }

$0 == "}" { if (depth) depth--; next }

/^(menuentry|submenu)[ \t]/ {
    entry = ++entries
    submenu[entry] = /^submenu/
    owner[entry] = open[depth]
    child[owner[entry], size[owner[entry]]++] = entry
    open[++depth] = entry
    text = $0
    sub(/^[a-z]+[ \t]+/, "", text)
    title[entry] = unquoted(text)
    if (match($0, /([$][{]?menuentry_id_option[}]?|--id)[ =]+/))
        ident[entry] = unquoted(substr($0, RSTART + RLENGTH))
    next
}

/^linux(efi|16)?[ \t]/ {
    if (kernel[open[depth]] == "") kernel[open[depth]] = release($2)
    next
}

/^set default=/ {
    value = substr($0, 13)
    gsub(/^"|"$/, "", value)
    if (value ~ /next_entry/) once = 1
    else wanted = value
}

END {
    if (wanted ~ /saved_entry/) wanted = ENVIRON["SAVED"] != "" ? ENVIRON["SAVED"] : "0"
    if (once && ENVIRON["ONCE"] != "") wanted = ENVIRON["ONCE"]
    entry = find(0, wanted)
    if (!entry) entry = find(0, "0")
    if (entry && kernel[entry] != "") print "next\t" kernel[entry]
    for (entry = 1; entry <= entries; entry++) {
        if (submenu[entry] || kernel[entry] == "" || told[kernel[entry]]) continue
        # The menu's first entry boots whatever is newest: only one that names its kernel will do.
        if (!index(name_of(entry), kernel[entry]) || name_of(entry) ~ /recovery/) continue
        told[kernel[entry]] = 1
        print "entry\t" kernel[entry] "\t" path_to(entry)
    }
}
