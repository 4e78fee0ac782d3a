/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - `leasewatch report`: the summary of a trace, later, from its JSON log.
 */
#ifndef LEASEWATCH_REPORT_H
#define LEASEWATCH_REPORT_H

/*
 * argv[0] is the name to show in messages. Returns the exit status: 0 healthy, 1 error or bad usage,
 * 2 a stall was seen, 3 nothing to judge.
 */
int cmd_report(int argc, char **argv);

#endif
