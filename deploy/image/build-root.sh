#!/usr/bin/env bash
# Makes the whole file system of the image in an empty folder: build-root.sh SOURCE TARGET
#
# Runs as root on Debian 12 with the Node.js and npm that the image shall have; the Dockerfile runs it in its first stage, and a
# test in a Debian root of its own. SOURCE is the tree, TARGET gets
#
#   /opt/pilotline         the packed product with exactly the packages of package-lock.json, without what only developers read
#   /usr/local/bin/node    that Node.js without its symbols
#   /lib, /usr/lib         the few libraries of Debian that it and DuckDB are linked with
#   /etc, /var, /tmp       a user without a shell, and the folders for data and secrets that belong to it
set -euo pipefail

if [ "$#" -ne 2 ]; then
	echo "usage: build-root.sh SOURCE TARGET" >&2
	exit 2
fi
source="$(realpath "$1")"
mkdir -p "$2"
target="$(realpath "$2")"
if [ -n "$(ls -A "$target")" ]; then
	echo "build-root: expected an empty folder, found files in $target" >&2
	exit 1
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

user=10001
# What `ldd` names for node and libduckdb.so, as packages of Debian, and the two that say whose system it is.
libraries=(libc6 libgcc-s1 libstdc++6 gcc-12-base base-files)

say() { echo "build-root: $*" >&2; }

say "tools and libraries of Debian"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends binutils >&2
mkdir "$work/debian"
# apt fetches as a user of its own, who has to get in.
chmod 755 "$work" "$work/debian" && chown _apt "$work/debian"
(cd "$work/debian" && apt-get download -qq "${libraries[@]}")

say "the packed product"
(cd "$source" && npm pack --pack-destination "$work" >&2)
product="$target/opt/pilotline"
mkdir -p "$product"
tar -xzf "$work"/pilotline-*.tgz -C "$product" --strip-components=1 --no-same-owner
(cd "$product" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)

say "without what only developers read"
modules="$product/node_modules"
find "$modules" -type f \( \
	-name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.tsbuildinfo' -o -name '*.flow' \
	-o -name '*.markdown' -o -name '*.md' ! -iname 'licen[cs]e*' \
	-o -name '.package-lock.json' -o -name '.eslintrc*' -o -name '.travis.yml' \) -delete
find "$modules" -depth -type d \( \
	-name test -o -name tests -o -name __tests__ -o -name example -o -name examples -o -name docs \
	-o -name benchmark -o -name benchmarks -o -name .github -o -name .bin \) -exec rm -rf {} +
rm -rf "$modules/@types" "$modules/zod/src"
find "$modules" -type d -empty -delete
find "$modules" \( -name '*.so' -o -name '*.node' \) -exec strip --strip-unneeded {} +

say "Node.js $(node --version)"
install -D -m 755 "$(readlink -f "$(command -v node)")" "$target/usr/local/bin/node"
strip "$target/usr/local/bin/node"
# The system has no `env`, so that the program names its interpreter itself.
sed -i '1s|.*|#!/usr/local/bin/node|' "$product/dist/cli/pilotline.js"
chmod 755 "$product/dist/cli/pilotline.js"
ln -s /opt/pilotline/dist/cli/pilotline.js "$target/usr/local/bin/pilotline"

say "libraries"
mkdir -p "$target/var/lib/dpkg/status.d" "$target/usr/share/doc"
for archive in "$work"/debian/*.deb; do
	name="$(dpkg-deb -f "$archive" Package)"
	mkdir "$work/$name"
	dpkg-deb -x "$archive" "$work/$name"
	# For those who look for known weaknesses: which package is in here, in which version.
	dpkg-deb -f "$archive" >"$target/var/lib/dpkg/status.d/$name"
	mkdir -p "$target/usr/share/doc/$name"
	cp -L "$work/$name/usr/share/doc/$name/copyright" "$target/usr/share/doc/$name/" 2>/dev/null || true
done
# Shared objects only, and the loader under the name that programs ask for.
libc="$work/libc6"
triplet="$(cd "$libc/lib" && echo *-linux-gnu)"
mkdir -p "$target/lib/$triplet" "$target/usr/lib/$triplet"
for name in libc libm libdl libpthread librt libresolv libnss_dns libnss_files; do
	cp -a "$libc/lib/$triplet/$name".so* "$target/lib/$triplet/"
done
cp -a "$libc/lib/$triplet"/ld-linux-*.so* "$target/lib/$triplet/"
if [ -d "$libc/lib64" ]; then cp -a "$libc/lib64" "$target/"; else cp -a "$libc"/lib/ld-linux-*.so* "$target/lib/"; fi
cp -a "$work"/libgcc-s1/lib/"$triplet"/libgcc_s.so* "$target/lib/$triplet/"
find "$work/libstdc++6/usr/lib/$triplet" -maxdepth 1 -name 'libstdc++.so*' -exec cp -a {} "$target/usr/lib/$triplet/" \;

say "user and folders"
mkdir -p "$target/etc"
cp -L "$work/base-files/usr/lib/os-release" "$target/etc/os-release"
printf 'root:x:0:0:root:/:/nonexistent\npilotline:x:%s:%s:pilotline:/var/lib/pilotline:/nonexistent\n' $user $user >"$target/etc/passwd"
printf 'root:x:0:\npilotline:x:%s:\n' $user >"$target/etc/group"
printf 'hosts: files dns\n' >"$target/etc/nsswitch.conf"
install -d -m 1777 "$target/tmp"
# proc, dev and sys are mounted by who runs it, who could not make them on a read-only root.
install -d -m 755 "$target"/{etc/pilotline,run/secrets,proc,dev,sys}
install -d -m 750 -o $user -g $user "$target/var/lib/pilotline"
for folder in agent collector simulator secrets secrets/{authority,broker,database,dashboards,agent,collector}; do
	install -d -m 750 -o $user -g $user "$target/var/lib/pilotline/$folder"
done

# Only what the owner wrote may be written; everything else is the system's.
chown -R 0:0 "$target/opt" "$target/usr" "$target/lib" "$target/etc" "$target/run"
chmod -R go-w "$target/opt" "$target/usr" "$target/lib" "$target/etc" "$target/run"
say "$(find "$target" -type f -printf '%s\n' | awk '{ all += $1 } END { printf "%d bytes in %d files", all, NR }')"
