#!/bin/sh
# Spools what one hook of git tells, and starts a drain of the spool after a commit, a merge and a rewrite. Exits 0 whatever
# happens, waits for nobody, asks git nothing; prints nothing but, on stderr, one line where nothing could be kept. Started by what
# `ai-tracker install --git` put into a repository's hooks; `ai-tracker uninstall --git` takes that away.
#
# Its functions are those of claude-hook.sh, which lies beside it: one form of record, one order of folders.
#
# $1: post-commit post-rewrite post-merge post-checkout post-applypatch …; then what git gives that hook

# Before that script closes it for good: where the one line goes.
command exec 9>&2 || command exec 9>/dev/null || exit 0
parts=${0%/*}/claude-hook.sh
[ -r "$parts" ] || exit 0
hook=${1:-}
[ $# -eq 0 ] || shift
hook_args=$*
first_arg=${1:-}
set -- parts
. "$parts"

# A hook of git begins at the top of its work tree; where that does not tell the repository, the variable does.
find_repository() {
  case ${GIT_DIR:-} in
    '') find_git ;;
    *)
      git_top= git_branch= git_head= at=$PWD
      case $GIT_DIR in /*) git_dir=$GIT_DIR ;; *) git_dir=$PWD/$GIT_DIR ;; esac
      find_head
      ;;
  esac
}

# One part of what follows the header: `<name>\0<content>\0`. The content is what a command prints.
print_part() {
  printf '%s\0' "$1" || return
  shift
  "$@" || return
  printf '\0'
}

print_parts() {
  if [ "$hook" = post-rewrite ]; then print_part stdin printf '%s' "$rewritten" || return; fi
  if [ -e "$git_common/logs/refs/stash" ]; then print_part stash tail -n 200 -- "$git_common/logs/refs/stash" || return; fi
  if [ -e "$git_dir/logs/HEAD" ]; then print_part reflog tail -n 1 -- "$git_dir/logs/HEAD" || return; fi
  # A squash merge leaves no trace in the commit that follows, but for this text until then.
  if [ "$hook $first_arg" = 'post-merge 1' ] && [ -e "$git_dir/SQUASH_MSG" ]; then
    print_part squash cat -- "$git_dir/SQUASH_MSG" || return
  fi
}

# One record into the first folder that takes it, as spool_event of claude-hook.sh does.
spool_git() {
  find_name || return
  for folder in "$folder1" "$folder2"; do
    [ -n "$folder" ] || continue
    [ -d "$folder" ] || mkdir -p -- "$folder" || continue
    case $name in *0) mark_full "$folder" & ;; esac
    [ ! -e "$folder/.full" ] || continue
    temporary=$folder/.$name.hook.tmp
    true >"$temporary" || continue
    if
      print_header source=git "git_hook=$hook" ${hook_args:+"git_args=$hook_args"} "git_dir=$git_dir" "git_common=$git_common" \
        ${CLAUDECODE:+"CLAUDECODE=$CLAUDECODE"} ${CLAUDE_CODE_SESSION_ID:+"CLAUDE_CODE_SESSION_ID=$CLAUDE_CODE_SESSION_ID"} \
        >"$temporary" && print_parts >>"$temporary" && mv -f -- "$temporary" "$folder/$name.hook"
    then return; fi
    rm -f -- "$temporary"
  done
  return 1
}

run_git_hook() {
  case ${AI_TRACKER_DISABLED:-} in 1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) return ;; esac
  case $hook in post-*) ;; *) return ;; esac
  umask 077
  snapshot= snapshot_error= rewritten=
  # Once: the next folder may need it again.
  [ "$hook" != post-rewrite ] || [ -t 0 ] || rewritten=$(cat)
  find_folders
  find_repository
  [ -n "$git_dir" ] || return
  # pre-commit gives no stdin to a hook that it found; git keeps the lines of a rebase until this hook has run.
  if [ "$hook $first_arg$rewritten" = 'post-rewrite rebase' ]; then
    for list in "$git_dir/rebase-merge/rewritten-list" "$git_dir/rebase-apply/rewritten"; do
      [ ! -e "$list" ] || rewritten=$(cat -- "$list")
    done
  fi
  if ! spool_git; then
    count_loss .refused_git
    printf 'ai-tracker: this %s was not recorded, since no folder of the spool takes it: ai-tracker doctor\n' "$hook" >&9
    return
  fi
  # Picks of a rebase are commits too, one after the other: post-rewrite ends them.
  case $hook in post-commit | post-merge | post-rewrite) ;; *) return ;; esac
  if [ "$hook" = post-commit ] && { [ -e "$git_dir/rebase-merge" ] || [ -e "$git_dir/rebase-apply" ] || [ -e "$git_dir/sequencer" ]; }; then return; fi
  start_drain 2
}

run_git_hook
exit 0
