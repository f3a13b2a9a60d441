#!/bin/sh
# A stand-in for systemctl, journalctl and loginctl, by the name that it is called by. It keeps what it knows of a unit in
# FAKE_SYSTEMD/UNIT.*, really runs what ExecStart says, and notes each line that it was given in FAKE_SYSTEMD/calls. It is
# asked dozens of times, and a shell starts in a hundredth of the time that node takes.
program=${0##*/}
echo "$program $*" >> "$FAKE_SYSTEMD/calls"
verb='' unit=''
for word; do
  case $word in
    --user) ;;
    *.service) unit=$word ;;
    *) verb=${verb:-$word} ;;
  esac
done
file=$XDG_CONFIG_HOME/systemd/user/$unit
known=$FAKE_SYSTEMD/$unit

# The words of all lines NAME= of the unit, so that the shell splits them as systemd does.
words() { sed -n "s/^$1=//p" "$file" | sed 's/%%/%/g; s/[$`]/\\&/g' | tr '\n' ' '; }

# Sets what is known of the process: its id, and its exit code once it has ended.
look() {
  pid='' code=''
  [ ! -s "$known.pid" ] || read -r pid < "$known.pid"
  [ ! -s "$known.exit" ] || read -r code < "$known.exit"
}
lives() { [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null; }

start() {
  rm -f "$known.exit"
  eval "set -- env -i \"PATH=\$PATH\" \"HOME=\$HOME\" $(words Environment) $(words ExecStart)"
  # A shell notes how it ends, as systemd does.
  setsid sh -c '"$@"; echo $? > "$0.exit"' "$known" "$@" < /dev/null >> "$known.log" 2>&1 &
  echo $! > "$known.pid"
}

stop() {
  look
  if lives; then kill -s TERM -- "-$pid"; fi
  while lives; do sleep 0.05; done
  rm -f "$known.pid" "$known.exit"
}

show() {
  look
  state=inactive main=0
  if [ -z "$code" ] && lives; then state=active main=$pid
  elif [ "${code:-0}" != 0 ]; then state=failed
  fi
  [ -e "$file" ] && echo LoadState=loaded || echo LoadState=not-found
  echo "ActiveState=$state"
  echo "MainPID=$main"
  echo "ExecMainStatus=${code:-0}"
  [ -e "$known.enabled" ] && echo UnitFileState=enabled || echo UnitFileState=disabled
}

if [ "$program" = loginctl ]; then echo Linger=no
elif [ "$program" = journalctl ]; then cat "$known.log" 2> /dev/null || true
elif [ -n "$FAKE_SYSTEMD_DOWN" ]; then
  echo 'Failed to connect to bus: No medium found' >&2
  exit 1
else
  case $verb in
    show) if [ -n "$unit" ]; then show; else echo Version=252; fi ;;
    start) start ;;
    stop) stop ;;
    enable) : > "$known.enabled" ;;
    disable)
      stop
      rm -f "$known.enabled"
      ;;
  esac
fi
