#!/bin/sh
# Removes the agent and leaves nothing: sudo /usr/local/share/weft-agent/uninstall.sh
set -e
if [ "$(id -u)" != 0 ]; then
    echo "this needs root: sudo $0" >&2
    exit 77
fi
launchctl bootout system /Library/LaunchDaemons/dev.weft.agent.plist 2>/dev/null || true
[ ! -x /usr/local/bin/weft-agent ] || /usr/local/bin/weft-agent unenroll || true
rm -f /Library/LaunchDaemons/dev.weft.agent.plist /usr/local/bin/weft-agent /Library/Logs/weft-agent.log
rm -rf "/Library/Application Support/Weft" /usr/local/share/weft-agent
pkgutil --forget dev.weft.agent >/dev/null 2>&1 || true
