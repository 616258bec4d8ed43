#!/bin/sh
# Runs a program where it has a cron of its own: in namespaces of its own, with no crontabs, and with date(1) telling the time of the
# cron that it starts (private-cron.ts). Run by root.
#
#   private-cron.sh CMD…
set -eu
if [ "${CHORE_TEST_CRON:-}" != inside ]; then
	CHORE_TEST_CRON=inside exec unshare -m -p --fork --kill-child --mount-proc /bin/sh "$0" "$@"
fi
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs tmpfs /var/spool/cron
mkdir /var/spool/cron/crontabs
chgrp crontab /var/spool/cron/crontabs
chmod 1730 /var/spool/cron/crontabs
: >/run/nothing
mount --bind /run/nothing /etc/crontab
mount -t tmpfs tmpfs /etc/cron.d
# The programs that cron runs have the clock of the machine: what they ask for the time is given cron's.
cp /usr/bin/date /run/real-date
cat >/run/fast-date <<'END'
#!/bin/sh
read -r real fake speed </run/clock
now=$(/run/real-date +%s%3N)
exec /run/real-date -d "@$(((fake + (now - real) * speed) / 1000))" "$@"
END
chmod 755 /run/fast-date
now=$(/run/real-date +%s%3N)
echo "$now $now 20" >/run/clock
mount --bind /run/fast-date /usr/bin/date
"$@"
