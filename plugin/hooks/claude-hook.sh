#!/bin/sh
# Spools one hook event of Claude Code, and starts a drain of the spool where a turn or a session ends. Prints nothing,
# exits 0 whatever happens, waits for nobody. The form of a record and the order of the folders are those of the package
# (docs/hooks.md). Installed by `ai-tracker install`; `ai-tracker uninstall` takes it away.
#
# Any POSIX shell: dash, bash, busybox, zsh, mksh. What a fork costs decides the style: one each for cat and mv, and none
# else on the usual way. It is read by the shell that Claude Code starts anyway (`.`), which saves another.
#
# $1: pre post pre-bash post-bash pre-mcp post-mcp batch session session-end stop; parts: only the functions, for git-hook.sh

# No `exec` alone: where its redirection fails (no /dev/null), the shell would end with 2, which blocks the tool call.
command exec >/dev/null 2>&1 || exit 0

# Folders of the spool, best first, into $folder1 and $folder2: as src/spool/spool-folder.ts has it.
find_folders() {
  folder1= folder2=
  if [ -n "${AI_TRACKER_SPOOL_DIR:-}" ]; then
    absolute "$AI_TRACKER_SPOOL_DIR"
    folder1=$path
    return
  fi
  home=${HOME:-}
  if [ -z "$home" ]; then
    # Nothing in the environment: the password file knows.
    user=$(id -un)
    case $user in '' | *[!A-Za-z0-9._-]*) ;; *) eval "home=~$user" ;; esac
    case $home in /*) ;; *) home= ;; esac
  fi
  if [ -n "${AI_TRACKER_DB_PATH:-}" ]; then
    absolute "$AI_TRACKER_DB_PATH"
    # Folders named after an agent may not exist yet; the spool is one for all agents.
    case $path in *'{agent_id}'*) path=${path%%'{agent_id}'*}x ;; esac
    while :; do case $path in ?*/) path=${path%/} ;; *) break ;; esac done
    folder1=${path%/*}/.spool
  elif [ -n "${AI_TRACKER_SHARED_DIR:-}" ]; then
    absolute "$AI_TRACKER_SHARED_DIR"
    folder1=$path/.spool
  elif [ -e /workspace/shared ]; then
    folder1=/workspace/shared/tracking/.spool
  fi
  if [ -n "$home" ]; then
    if [ -n "$folder1" ]; then
      folder2=$home/.config/ai-tracker/spool
    else
      folder1=$home/.config/ai-tracker/spool
    fi
  fi
}

absolute() {
  case $1 in /*) path=$1 ;; *) path=$PWD/$1 ;; esac
}

# A name that no other container, pid or second chooses, into $name.
find_name() {
  name=
  { IFS= read -r name </proc/sys/kernel/random/uuid; } || name=$(uuidgen) || name=$(mktemp -u XXXXXXXXXXXXXXXX)
  [ -n "$name" ]
}

# What is checked out where the hook runs, read without starting git, into $git_top, $git_branch and $git_head.
find_git() {
  git_top= git_branch= git_head= git_dir= git_common=
  at=$PWD
  while [ ! -e "$at/.git" ]; do
    case $at in */*) at=${at%/*} ;; *) return ;; esac
  done
  if [ -d "$at/.git" ]; then
    git_dir=$at/.git
  else
    # A work tree of its own or a submodule: `gitdir: <path>`.
    { IFS= read -r line <"$at/.git"; } || return
    git_dir=${line#gitdir: }
    case $git_dir in /*) ;; *) git_dir=$at/$git_dir ;; esac
  fi
  find_head
}

# Of the work tree $at, whose folder of git's is $git_dir.
find_head() {
  git_common=$git_dir
  if { IFS= read -r line <"$git_dir/commondir"; }; then
    case $line in /*) git_common=$line ;; *) git_common=$git_dir/$line ;; esac
  fi
  { IFS= read -r line <"$git_dir/HEAD"; } || return
  git_top=${at:-/}
  case $line in
    'ref: refs/heads/.invalid') ;;
    'ref: refs/heads/'*)
      ref=${line#ref: }
      git_branch=${ref#refs/heads/}
      { IFS= read -r git_head <"$git_common/$ref"; } || packed_ref "$ref"
      ;;
    'ref: '*) ;;
    *) git_head=$line ;;
  esac
}

# The commit of a ref that is only in packed-refs. dash reads a byte at a time: in a long list, the head stays unknown.
packed_ref() {
  lines=0
  while [ "$lines" -lt 40 ] && IFS=' ' read -r sha name_of_ref; do
    if [ "$name_of_ref" = "$1" ]; then
      git_head=$sha
      return
    fi
    lines=$((lines + 1))
  done <"$git_common/packed-refs"
}

# The beginning of a record; arguments are more pairs. Of the environment, which holds keys, this list and nothing else (src/spool/hook-environment.ts).
print_header() {
  printf '%s\0' 'ai-tracker-hook 1' \
    ${TRACEPARENT:+"TRACEPARENT=$TRACEPARENT"} \
    ${TRACESTATE:+"TRACESTATE=$TRACESTATE"} \
    ${AI_TRACKER_TASK_ID:+"AI_TRACKER_TASK_ID=$AI_TRACKER_TASK_ID"} \
    ${AGENT_SWARM_TASK_ID:+"AGENT_SWARM_TASK_ID=$AGENT_SWARM_TASK_ID"} \
    ${CLAUDE_PROJECT_DIR:+"CLAUDE_PROJECT_DIR=$CLAUDE_PROJECT_DIR"} \
    ${PWD:+"PWD=$PWD"} \
    ${HOME:+"HOME=$HOME"} \
    ${AGENT_ID:+"AGENT_ID=$AGENT_ID"} \
    ${AGENT_SWARM_AGENT_ID:+"AGENT_SWARM_AGENT_ID=$AGENT_SWARM_AGENT_ID"} \
    ${AI_TRACKER_AGENT_ATTRIBUTES:+"AI_TRACKER_AGENT_ATTRIBUTES=$AI_TRACKER_AGENT_ATTRIBUTES"} \
    ${AI_TRACKER_DB_PATH:+"AI_TRACKER_DB_PATH=$AI_TRACKER_DB_PATH"} \
    ${AI_TRACKER_SHARED_DIR:+"AI_TRACKER_SHARED_DIR=$AI_TRACKER_SHARED_DIR"} \
    ${AI_TRACKER_WRITER_ID:+"AI_TRACKER_WRITER_ID=$AI_TRACKER_WRITER_ID"} \
    ${AI_TRACKER_FILE_MODE:+"AI_TRACKER_FILE_MODE=$AI_TRACKER_FILE_MODE"} \
    ${AI_TRACKER_JOURNAL:+"AI_TRACKER_JOURNAL=$AI_TRACKER_JOURNAL"} \
    ${AI_TRACKER_SYNCHRONOUS:+"AI_TRACKER_SYNCHRONOUS=$AI_TRACKER_SYNCHRONOUS"} \
    ${AI_TRACKER_LABEL_KEYS:+"AI_TRACKER_LABEL_KEYS=$AI_TRACKER_LABEL_KEYS"} \
    ${AI_TRACKER_LABELS:+"AI_TRACKER_LABELS=$AI_TRACKER_LABELS"} \
    ${AI_TRACKER_KINDS:+"AI_TRACKER_KINDS=$AI_TRACKER_KINDS"} \
    ${AI_TRACKER_SERVER_TASKS:+"AI_TRACKER_SERVER_TASKS=$AI_TRACKER_SERVER_TASKS"} \
    ${git_top:+"git_top=$git_top"} \
    ${git_branch:+"git_branch=$git_branch"} \
    ${git_head:+"git_head=$git_head"} \
    ${snapshot:+"snapshot=$snapshot"} \
    ${snapshot_error:+"snapshot_error=$snapshot_error"} \
    "$@" ''
}

# State of the work tree before and after a command: an index of our own, into which git adds all that is there, with objects of
# our own (src/git/snapshot-store.ts); the repository's index and objects are read, never written. It takes as long as `git status`.
# Beside the spooling of the event; the record waits for it under its temporary name. What was not possible is counted.
start_snapshot() {
  case ${AI_TRACKER_SNAPSHOTS:-bash}:$1 in
    [Aa][Ll][Ll]:* | [Bb][Aa][Ss][Hh]:*-bash) ;;
    *) return ;;
  esac
  if [ -z "$git_top" ]; then
    snapshot_error=no_git
    count_loss .snapshot_no_git
    return
  fi
  store=$git_common/ai-tracker/snapshots
  tree=main
  [ "$git_dir" = "$git_common" ] || tree=work-${git_dir##*/}
  # It took too long once; a drain makes it ready for another try.
  if [ -e "$store/slow-$tree" ]; then
    snapshot_error=suspended
    count_loss .snapshot_suspended
    return
  fi
  snapshot=$store/$name.index
  take_snapshot </dev/null &
  taking=$!
}

# In a process of its own, which becomes git.
take_snapshot() {
  if [ ! -e "$store/objects/info/alternates" ]; then
    mkdir -p -- "$store/objects/info"
    # Below the repository's own objects folder in the end: relative, so that a moved repository stays whole.
    printf '%s\n' ../../../objects >"$store/objects/info/alternates"
  fi
  unset GIT_DIR GIT_WORK_TREE GIT_COMMON_DIR GIT_NAMESPACE GIT_PREFIX GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CEILING_DIRECTORIES \
    GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS
  export LC_ALL=C GIT_INDEX_FILE="$snapshot" GIT_OBJECT_DIRECTORY="$store/objects" GIT_OPTIONAL_LOCKS=1
  # The state that was kept last, for git to look at no file that is as it was then. A link: git replaces files, never writes them.
  last=
  { IFS= read -r last <"$store/last-$tree"; }
  # Files that are tracked although ignored (src/git/forced-files.ts) come in with the repository's own index only.
  if [ -s "$store/forced-$tree" ] && [ "$git_dir/index" -nt "$store/$last" ]; then last=; fi
  if [ -z "$last" ] || ! ln -- "$store/$last" "$snapshot"; then
    # -p: by the time of its index git knows which files to look at twice.
    if [ ! -e "$git_dir/index" ]; then git -C "$git_top" read-tree --empty
    else cp -p -- "$git_dir/index" "$snapshot" || exit 128; fi
  fi
  exec 2>"$store/error-$tree"
  # `config-…`: without filters that cannot run (src/git/broken-filters.ts). Git passes over a file that is not there.
  set -- git -C "$git_top" -c core.splitIndex=false -c core.safecrlf=false -c core.fsync=none -c index.skipHash=true -c "include.path=$store/config-$tree"
  if [ -e "$store/paths-$tree" ]; then
    # Without what a drain found to be too large.
    set -- "$@" add -A --ignore-errors "--pathspec-from-file=$store/paths-$tree" --pathspec-file-nul
  elif [ -e "$store/many-$tree" ]; then
    add_changes "$@"
    exit
  else
    set -- "$@" add -A --ignore-errors
  fi
  exec "$@"
}

# Where there are many files: `git status` reads no folder again that is as it was, which `git add` cannot; with 200,000 files that is
# half of the time. Then only what it names is added. $@: git and its options.
add_changes() {
  git=
  trap 'kill $git; exit 143' TERM
  "$@" -c core.untrackedCache=true -c status.showUntrackedFiles=all status --porcelain -uall --no-renames --ignore-submodules=all \
    >"$snapshot.status" &
  git=$!
  if wait "$git"; then
    # Paths as `--pathspec-from-file` takes them, in quotes where they need it; no letter in the second place: only differs from HEAD.
    sed -n 's/^.[^ ] //p' <"$snapshot.status" >"$snapshot.paths"
    lines=0
    # Each path is held against each file.
    while [ "$lines" -le 50 ] && IFS= read -r line; do lines=$((lines + 1)); done <"$snapshot.paths"
    case $lines in
      0) code=0 ;;
      51) code=2 ;;
      *)
        GIT_LITERAL_PATHSPECS=1 "$@" add -A --ignore-errors "--pathspec-from-file=$snapshot.paths" &
        git=$!
        wait "$git"
        code=$?
        ;;
    esac
  else
    code=2
  fi
  rm -f -- "$snapshot.status" "$snapshot.paths"
  # A path that has gone since, say.
  case $code in 0 | 1) return "$code" ;; esac
  "$@" add -A --ignore-errors &
  git=$!
  wait "$git"
}

# Until the state is there, at most 2 s. Started beside git, since starting `timeout` before it costs as much as a fifth of a `git status` of 1,000 files.
await_snapshot() {
  {
    sleep= stopped=
    trap 'stopped=1; kill -KILL $sleep' TERM
    sleep 2 &
    sleep=$!
    [ -z "$stopped" ] || kill -KILL "$sleep"
    wait "$sleep"
    [ -n "$stopped" ] || kill "$taking"
    # In a container whose first process waits for nobody, it would stay in the list of processes for ever.
    wait "$sleep"
  } </dev/null &
  watching=$!
  wait "$taking"
  code=$?
  kill "$watching"
  wait "$watching"
  # 1: all but some files that cannot be read.
  case $code in
    0 | 1)
      printf '%s\n' "$name.index" >"$store/last-$tree"
      return
      ;;
    143)
      : >"$store/slow-$tree"
      count_loss .snapshot_timeout
      ;;
    126 | 127) count_loss .snapshot_no_git ;;
    *) count_loss .snapshot_failed ;;
  esac
  rm -f -- "$snapshot" "$snapshot.lock" "$snapshot.status" "$snapshot.paths" "$store/last-$tree"
}

# One record into the first folder that takes it. Whole or not at all: no reader takes the temporary name.
spool_event() {
  snapshot= snapshot_error= taking=
  # A person at a terminal would wait for ever.
  [ ! -t 0 ] || return
  if ! true 3<&0; then
    count_loss .unreadable
    return
  fi
  find_name || return
  for folder in "$folder1" "$folder2"; do
    [ -n "$folder" ] || continue
    [ -d "$folder" ] || mkdir -p -- "$folder" || continue
    case $name in *0) mark_full "$folder" & ;; esac
    [ ! -e "$folder/.full" ] || continue
    temporary=$folder/.$name.hook.tmp
    true >"$temporary" || continue
    # Behind that: the birth of the file is no later than git's first look at the tree (src/snapshot/stale-paths.ts).
    [ -n "$snapshot$snapshot_error" ] || case $1 in *-bash | *-mcp) start_snapshot "$1" ;; esac
    # Apart from the event: a disk that is full refuses this, and the event is still there for the next folder.
    if ! print_header >"$temporary"; then
      rm -f -- "$temporary"
      continue
    fi
    # The events of stdin are gone after this, so there is no second try.
    if cat >>"$temporary"; then
      if [ -n "$taking" ]; then
        await_snapshot
        # A link, where there are any: starting `mv` takes twice as long on many a system, for the libraries it loads, and this hook has
        # made the agent wait already. The drain that deletes the record takes its temporary name along.
        if ln -- "$temporary" "$folder/$name.hook"; then return; fi
      fi
      if mv -f -- "$temporary" "$folder/$name.hook"; then return; fi
    fi
    rm -f -- "$temporary"
    break
  done
  count_loss .refused
}

# An event that is not spooled is a byte in that file: appending one is atomic.
count_loss() {
  for counting in "$folder1" "$folder2"; do
    [ -n "$counting" ] || continue
    [ -d "$counting" ] || mkdir -p -- "$counting" || continue
    if printf . >>"$counting/$1"; then return; fi
  done
}

# Whether the folder holds as much as it may. Counting is slow in a folder with many records, so it happens beside the hook,
# after about one event of sixteen; drains take the marker away.
mark_full() {
  most=${AI_TRACKER_SPOOL_MAX_MB:-512}
  tenths=0
  case $most in *.*) tenths=${most#*.} most=${most%%.*} ;; esac
  tenths=${tenths%"${tenths#?}"}
  case $most$tenths in '' | *[!0-9]* | ??????????*) most=512 tenths=0 ;; esac
  held=$(du -sk -- "$1")
  held=${held%%[!0-9]*}
  if [ "${held:-0}" -ge "$((${most:-0} * 1024 + ${tenths:-0} * 102))" ]; then
    : >"$1/.full"
  else
    [ ! -e "$1/.full" ] || rm -f -- "$1/.full"
  fi
}

# Brings what is spooled into the database, by a process that outlives this one. Without an ai-tracker that works, whoever
# comes next does it. $1: it waits so many seconds for more, and leaves the processor to others.
start_drain() {
  delay=${1:-0}
  for folder in "$folder1" "$folder2"; do
    [ -n "$folder" ] || continue
    for record in "$folder"/*.hook "$folder"/*.json; do
      [ -e "$record" ] && break 2
    done
    record=
  done
  [ -n "${record:-}" ] && [ -e "$record" ] || return

  # What installed this script, by node and program; else the PATH's, but nothing that npx will throw away.
  node= program=
  { IFS= read -r node && IFS= read -r program; } <"${HOME:-}/.config/ai-tracker/hooks/ai-tracker-command"
  if [ -x "$node" ] && [ -r "$program" ]; then
    set -- "$node" "$program"
  else
    program=$(command -v ai-tracker) || return
    case $program in */_npx/* | '') return ;; esac
    set -- "$program"
  fi

  # One at a time; who holds the lock for a minute was killed.
  lock=$folder/.draining
  if ! mkdir -- "$lock"; then
    [ -n "$(find "$lock" -prune -mmin +1)" ] || return
    rmdir -- "$lock"
    mkdir -- "$lock" || return
  fi
  if [ "$delay" -gt 0 ]; then
    if command -v nice; then set -- nice "$@"; fi
    set -- sh -c 'trap "" HUP; sleep "$1"; shift; "$@" hook drain; rmdir -- "$0"' "$lock" "$delay" "$@"
  else set -- sh -c 'trap "" HUP; "$@" hook drain; rmdir -- "$0"' "$lock" "$@"; fi
  # Claude Code waits until nobody holds the pipes of its hook, and ends the hook's process group.
  if command -v setsid; then set -- setsid "$@"; fi
  "$@" </dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
}

run_hook() {
  case ${AI_TRACKER_DISABLED:-} in 1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) return ;; esac
  umask 077
  find_folders
  case ${1:-} in
    stop) start_drain ;;
    *)
      find_git
      spool_event "${1:-}"
      case ${1:-} in session-end) start_drain ;; esac
      ;;
  esac
}

case ${1:-} in
  parts) ;;
  *)
    run_hook "$@"
    exit 0
    ;;
esac
