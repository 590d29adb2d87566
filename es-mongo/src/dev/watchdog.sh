# Runs mongod so that it never outlives the process that started it. That process holds the other
# end of this shell's stdin: if it ends for any reason, including SIGKILL, `read` gets an end of file.
# Arguments: what to do with the data at the end (remove or keep), the folder, the program and its
# arguments.
data=$1 folder=$2
shift 2
trap '' PIPE
# mongod opens a file for each collection and each index, and a shell often allows only 1024.
ulimit -S -n "$(ulimit -H -n)" 2>/dev/null
exec "$@" </dev/null >&2 &
child=$!
# From here on only mongod holds the pipe behind stderr, so the pipe closes when mongod ends.
exec 2>/dev/null
# After the start, because a child inherits the signals that its shell ignores.
trap '' HUP INT QUIT TERM
echo "$child"

# Whether a thread of the child is running or can run. Without /proc, it is not known.
is_running() {
    for stat in "/proc/$child/task"/*/stat; do
        read -r state <"$stat" || continue
        case $state in
        *') R '* | *') S '* | *') D '*) return 0 ;;
        esac
    done
    return 1
}

# The shell does not wait for the child before SIGKILL: until then a dead child stays a zombie, so
# its process id cannot be reused.
while read -r order; do
    case $order in
    leave)
        kill -s KILL "$child"
        wait "$child"
        exit 0
        ;;
    STOP)
        kill -s STOP "$child"
        # On a busy machine some threads run on for a while, and could still answer a request.
        tries=0
        while [ "$tries" -lt 1000 ] && is_running; do
            sleep 0.005
            tries=$((tries + 1))
        done
        echo "$order"
        ;;
    *)
        kill -s "$order" "$child"
        echo "$order"
        ;;
    esac
done

exec >/dev/null
if [ "$data" = remove ]; then
    kill -s KILL "$child"
    wait "$child"
    rm -rf "$folder"
    rmdir "${folder%/*}"
else
    # Without this file, a new process cannot mistake a server that is about to end for a running one.
    rm -f "${folder%/*}/running"
    kill -s TERM "$child"
    kill -s CONT "$child"
    (
        tries=0
        while [ "$tries" -lt 20 ]; do
            sleep 1
            tries=$((tries + 1))
        done
        kill -s KILL "$child"
    ) &
    killer=$!
    wait "$child"
    kill -s KILL "$killer"
fi
