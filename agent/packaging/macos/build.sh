#!/bin/sh
# Builds and, when identities are given, signs and notarises the package. Runs on a Mac with Xcode's tools, in this folder:
#   PROGRAM=path/to/weft-agent [APP_IDENTITY=...] [INSTALLER_IDENTITY=...] [NOTARY_PROFILE=...] ./build.sh
set -e
cd "$(dirname "$0")"
[ -x "$PROGRAM" ] || { echo "PROGRAM must name the built weft-agent" >&2; exit 2; }
install -d payload/usr/local/bin
install -m 755 "$PROGRAM" payload/usr/local/bin/weft-agent
if [ -n "$APP_IDENTITY" ]; then
    codesign --force --options runtime --timestamp --sign "$APP_IDENTITY" payload/usr/local/bin/weft-agent
fi
pkgbuild --root payload --scripts scripts --identifier dev.weft.agent --version "@VERSION@" --install-location / weft-agent.pkg
productbuild --distribution distribution.xml --resources resources ${INSTALLER_IDENTITY:+--sign "$INSTALLER_IDENTITY"} "weft-agent-@VERSION@.pkg"
rm weft-agent.pkg
if [ -n "$NOTARY_PROFILE" ]; then
    xcrun notarytool submit "weft-agent-@VERSION@.pkg" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "weft-agent-@VERSION@.pkg"
fi
