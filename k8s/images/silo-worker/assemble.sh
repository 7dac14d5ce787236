#!/bin/sh
# Lays out the root file system of an image that holds one program: the program, the
# shared libraries that it names, and what licences and scanners want to know of them.
#
#   assemble.sh PROGRAM ROOT
set -eu

program=$1
root=$2

install -D --mode=0755 "$program" "$root/usr/bin/$(basename "$program")"
install -d "$root/var/lib/dpkg/status.d" "$root/etc"
install -d --mode=1777 "$root/tmp"
install -d --owner=10001 --group=10001 --mode=0700 "$root/home/fairsilo"
echo "fairsilo:x:10001:10001::/home/fairsilo:/sbin/nologin" >"$root/etc/passwd"
echo "fairsilo:x:10001:" >"$root/etc/group"

libraries=$(ldd "$program" | grep -o '/[^ ]*\.so[^ ]*')
for library in $libraries; do
  install -D --mode=0755 "$(readlink -f "$library")" "$root$library"
  package=$(dpkg-query --search "*/$(basename "$library")" | head -n 1 | cut -d: -f1)
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  install -D --mode=0644 "/usr/share/doc/$package/copyright" \
    "$root/usr/share/doc/$package/copyright"
done
