# Runs mongod so that it never outlives the process that started it. That process holds the other end of this
# shell's stdin: when it ends for whatever reason, SIGKILL included, `read` sees the end of the file.
# Arguments: what happens to the data at the end (remove or keep), the folder, the program, its arguments.
data=$1 folder=$2
shift 2
trap '' PIPE
# mongod opens a file for each collection and each index, and a shell often allows only 1024.
ulimit -S -n "$(ulimit -H -n)" 2>/dev/null
exec "$@" </dev/null >&2 &
child=$!
# From here on only mongod holds the pipe behind stderr, so its end tells that mongod has ended.
exec 2>/dev/null
# After the start, because a child inherits what its shell ignores.
trap '' HUP INT QUIT TERM
echo "$child"

# The child is never waited for before SIGKILL: until then a dead one stays a zombie and its id cannot be reused.
while read -r order; do
    case $order in
    leave)
        kill -s KILL "$child"
        wait "$child"
        exit 0
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
    # No newcomer may take a server that is about to go for one that runs.
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
