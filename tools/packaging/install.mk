# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is installed, and where. DESTDIR= is prepended to every path; packages use PREFIX=/usr.

SYSCONFDIR    ?= /etc
LOCALSTATEDIR ?= /var
BINDIR        ?= $(PREFIX)/bin
DATADIR       ?= $(PREFIX)/share
MANDIR        ?= $(DATADIR)/man
UNITDIR       ?= $(if $(filter /usr,$(PREFIX)),/lib,$(PREFIX)/lib)/systemd/system
COMPLETIONDIR ?= $(DATADIR)/bash-completion/completions

PACKAGING := tools/packaging
CONF      := $(DESTDIR)$(SYSCONFDIR)/leasewatch.conf
LOGDIR    := $(DESTDIR)$(LOCALSTATEDIR)/log/leasewatch

INSTALLED := $(BINDIR)/leasewatch $(UNITDIR)/leasewatch.service $(SYSCONFDIR)/logrotate.d/leasewatch \
	$(COMPLETIONDIR)/leasewatch $(MANDIR)/man1/leasewatch.1 $(MANDIR)/man5/leasewatch.conf.5 \
	$(DATADIR)/leasewatch/leasewatch.conf $(DATADIR)/leasewatch/leasewatch.rules.yml $(DATADIR)/leasewatch/leasewatch.json

# The files refer to each other by the paths of a package; this adjusts them.
LOCATE = sed -e 's|/usr/bin/leasewatch|$(BINDIR)/leasewatch|g' -e 's|/etc/leasewatch|$(SYSCONFDIR)/leasewatch|g' \
	-e 's|/usr/share/leasewatch|$(DATADIR)/leasewatch|g' -e 's|/var/log/leasewatch|$(LOCALSTATEDIR)/log/leasewatch|g'

# $(call put,FILE,WHERE)
define put
	$(Q)mkdir -p $(dir $(DESTDIR)$2)
	$(Q)$(LOCATE) $(PACKAGING)/$1 > $(DESTDIR)$2
	$(Q)chmod 0644 $(DESTDIR)$2
endef

.PHONY: install uninstall deb

install: all
	$(Q)install -D -m 0755 $(BUILD)/leasewatch $(DESTDIR)$(BINDIR)/leasewatch
	$(call put,leasewatch.service,$(UNITDIR)/leasewatch.service)
	$(call put,leasewatch.logrotate,$(SYSCONFDIR)/logrotate.d/leasewatch)
	$(call put,leasewatch.bash-completion,$(COMPLETIONDIR)/leasewatch)
	$(call put,man/leasewatch.1,$(MANDIR)/man1/leasewatch.1)
	$(call put,man/leasewatch.conf.5,$(MANDIR)/man5/leasewatch.conf.5)
	$(call put,leasewatch.conf,$(DATADIR)/leasewatch/leasewatch.conf)
	$(call put,prometheus/leasewatch.rules.yml,$(DATADIR)/leasewatch/leasewatch.rules.yml)
	$(call put,grafana/leasewatch.json,$(DATADIR)/leasewatch/leasewatch.json)
	$(Q)install -d -m 0750 $(LOGDIR)
	$(Q)if [ -e $(CONF) ]; then echo '$(CONF) exists and stays as it is'; \
		else install -m 0644 $(DESTDIR)$(DATADIR)/leasewatch/leasewatch.conf $(CONF); fi

# Whatever was changed or written since then stays, and is listed.
uninstall:
	$(Q)! cmp -s $(CONF) $(DESTDIR)$(DATADIR)/leasewatch/leasewatch.conf || rm $(CONF)
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	$(Q)rmdir $(DESTDIR)$(DATADIR)/leasewatch $(LOGDIR) 2>/dev/null || true
	$(Q)for left in $(CONF) $(LOGDIR); do [ ! -e $$left ] || echo "$$left stays"; done

deb:
	@tools/setup build deb
	@$(PACKAGING)/deb/build $(BUILD) $(VERSION)
	@ls $(BUILD)/leasewatch_$(VERSION)_*.deb
