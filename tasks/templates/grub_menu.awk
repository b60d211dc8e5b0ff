# Reads grub.cfg. Prints "next KERNEL" for the kernel that boots next, and "entry KERNEL NAME" with
# an entry that boots KERNEL and no other (separated by tabs, in the order of the menu).
# SAVED and ONCE of the environment are saved_entry and next_entry of grubenv.
#
# The rules are those of facts/parse/grub.py, for a host without Python; a test compares the two.
# mawk reads it (Debian's default), so it keeps to POSIX awk.

# Parts a line into word[1] ... as GRUB's shell does; gives how many there are.
function parted(text, i, n, char, quote, inside) {
    n = 0
    for (i = 1; i <= length(text); i++) {
        char = substr(text, i, 1)
        if (quote != "" && char == quote) { quote = ""; continue }
        if (quote == "" && (char == " " || char == "\t")) { inside = 0; continue }
        if (!inside) { word[++n] = ""; inside = 1 }
        if (char == "\\" && quote != "\047") {
            char = substr(text, ++i, 1)
            if (quote != "" && char != "$" && char != "\"" && char != "\\" && char != "")
                char = "\\" char
        } else if (quote == "" && (char == "\047" || char == "\"")) {
            quote = char
            char = ""
        }
        word[n] = word[n] char
    }
    return n
}

# Title and id of an entry, out of the words behind menuentry or submenu.
function name_entry(entry, n, i, option, value) {
    title[entry] = ident[entry] = ""
    for (i = 2; i <= n && word[i] != "{"; i++) {
        option = value = word[i]
        if (index(option, "=")) {
            value = substr(option, index(option, "=") + 1)
            option = substr(option, 1, index(option, "=") - 1)
        }
        if (option ~ /^(--id|[$]menuentry_id_option|[$][{]menuentry_id_option[}])$/) {
            if (option == word[i]) value = i < n ? word[++i] : ""
            ident[entry] = value
        } else if (option ~ /^--(class|users|hotkey|source)$/) {
            if (option == word[i]) i++
        } else if (title[entry] == "" && word[i] !~ /^--/) title[entry] = word[i]
    }
}

function release(path) {
    sub(/.*\//, "", path)
    if (path !~ /^vmlinu[xz]-/) return ""
    return substr(path, 9)
}

# What boots when this is chosen: itself, or a submenu's first leaf; 0 where there is none. What is
# inside an entry follows it and lies deeper.
function leaf(entry, i) {
    if (!submenu[entry]) return entry
    for (i = entry + 1; i <= entries && level[i] > level[entry]; i++)
        if (!submenu[i]) return i
    return 0
}

function named(entry, name) { return name != "" && (title[entry] == name || ident[entry] == name) }

# The entry that a default names below `menu`: by title, id or number; "outer>inner" goes deeper.
# Nothing means the first one.
function find(menu, wanted, i, mark, head, entry) {
    for (;;) {
        if (wanted == "") wanted = "0"
        for (i = 0; i < size[menu]; i++)
            if (named(child[menu, i], wanted)) return leaf(child[menu, i])
        mark = index(wanted, ">")
        head = mark ? substr(wanted, 1, mark - 1) : wanted
        entry = 0
        for (i = 0; i < size[menu] && !entry; i++)
            if (named(child[menu, i], head)) entry = child[menu, i]
        if (!entry && head ~ /^[0-9]+$/ && length(head) < 6 && head + 0 < size[menu])
            entry = child[menu, head + 0]
        if (!entry) return 0
        if (!mark) return leaf(entry)
        menu = entry
        wanted = substr(wanted, mark + 1)
    }
}

function name_of(entry) { return ident[entry] != "" ? ident[entry] : title[entry] }

function path_to(entry, path) {
    path = name_of(entry)
    while ((entry = owner[entry])) path = name_of(entry) ">" path
    return path
}

BEGIN { submenu[0] = 1; depth = open[0] = 0; wanted = "0" }

{ gsub(/\r/, ""); gsub(/^[ \t]+|[ \t]+$/, "") }

$0 == "}" { if (depth) depth--; next }


{ words = parted($0) }

words < 2 { next }

word[1] == "menuentry" || word[1] == "submenu" {
    entry = ++entries
    submenu[entry] = word[1] == "submenu"
    owner[entry] = open[depth]
    child[owner[entry], size[owner[entry]]++] = entry
    open[++depth] = entry
    level[entry] = depth
    name_entry(entry, words)
    next
}

word[1] ~ /^linux(efi|16)?$/ {
    if (kernel[open[depth]] == "") kernel[open[depth]] = release(word[2])
    next
}

word[1] == "set" && word[2] ~ /^default=/ {
    value = substr(word[2], 9)
    if (value ~ /next_entry/) once = 1
    else wanted = value
}

END {
    # An empty string behind it: a number of the environment else compares as a number.
    if (wanted ~ /saved_entry/) wanted = ENVIRON["SAVED"] ""
    if (once && ENVIRON["ONCE"] != "") wanted = ENVIRON["ONCE"] ""
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
