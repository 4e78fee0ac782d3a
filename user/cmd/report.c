// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report.c - `leasewatch report`: read JSON logs, fold them, print the summary.
 *
 * Needs neither root nor the host where the log was made. The numbers are counted again from the
 * lines, never taken from a summary that the log may carry.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/logfile.h"
#include "model/summary.h"
#include "sink/jsonlog.h"
#include "sink/sink.h"

struct report {
	int verbose;
	size_t files_len;
	char **files;
	struct summary *summary;
	struct sink *sink;
	uint64_t last_ts_ns;
	uint64_t ours; /* lines, in all files */
	bool told;     /* why we stop has been said */
};

/* What was odd about one file. */
struct oddities {
	uint64_t lines, ours, foreign, newer;
	bool cut; /* the last line is not whole */
};

static const struct argp_option options[] = {
	{"verbose", 'v', NULL, 0, "also print the findings, as trace did; -vv: every request", 0},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct report *r = state->input;

	switch (key) {
	case 'v':
		r->verbose++;
		return 0;
	case ARGP_KEY_ARG: /* the first; argp has put all of them at the end */
		(void)arg;
		r->files = state->argv + state->next - 1;
		r->files_len = (size_t)(state->argc - state->next) + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no log given; - reads stdin");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{.argp = &options__common}, {0}};

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.children = children,
	.args_doc = "FILE...",
	.doc = "Print the summary of JSON logs that trace or daemon wrote, oldest first.\v"
	       "- reads stdin. Exit status: 0 healthy, 1 error, 2 a stall was seen, 3 "
	       "nothing to judge.",
};

static int show(struct report *r, const struct finding *f)
{
	int err = sink__finding(r->sink, f);

	if (err) {
		fprintf(stderr, "leasewatch: cannot write to stdout: %s\n", strerror(-err));
		r->told = true;
	}
	return err;
}

static int take_logged(struct report *r, const struct finding *f)
{
	int err;

	if (f->ts_ns > r->last_ts_ns)
		r->last_ts_ns = f->ts_ns;
	err = summary__add(r->summary, f);
	if (err)
		return err;
	return r->verbose && f->type != FINDING_SUMMARY ? show(r, f) : 0;
}

static int take_log_line(struct report *r, const char *name, const struct logfile_line *line,
			 struct oddities *odd)
{
	struct jsonlog_line *parsed;
	int err = line->too_long ? -EBADMSG : jsonlog__parse(line->text, line->len, &parsed);

	odd->lines++;
	switch (err) {
	case 0:
		odd->ours++;
		err = take_logged(r, jsonlog__finding(parsed));
		jsonlog__free(parsed);
		return err;
	case -ENOMSG:
		odd->newer++;
		return 0;
	case -EBADMSG:
		if (line->unended)
			odd->cut = true;
		else
			odd->foreign++;
		return 0;
	case -ENOTSUP:
		fprintf(stderr,
			"leasewatch: %s, line %" PRIu64
			": the log has a schema_version that this program does not know; read it "
			"with the leasewatch that wrote it, or a newer one\n",
			name, odd->lines);
		r->told = true;
		return err;
	default:
		return err;
	}
}

static void tell_oddities(const char *name, const struct oddities *odd)
{
	if (odd->cut)
		fprintf(stderr,
			"leasewatch: %s ends in the middle of a line; that line is not counted\n",
			name);
	if (odd->foreign)
		fprintf(stderr,
			"leasewatch: %s: %" PRIu64 " of %" PRIu64
			" lines are not leasewatch's and were skipped\n",
			name, odd->foreign, odd->lines);
	if (odd->newer)
		fprintf(stderr,
			"leasewatch: %s: %" PRIu64 " of %" PRIu64
			" lines are unknown to this version (written by a newer leasewatch?) and "
			"were skipped\n",
			name, odd->newer, odd->lines);
}

static int read_log(struct report *r, const char *path)
{
	const char *name = strcmp(path, "-") ? path : "stdin";
	struct logfile_line line;
	struct oddities odd = {0};
	struct logfile *file;
	int err;

	err = logfile__open(path, &file);
	if (err) {
		fprintf(stderr, "leasewatch: cannot read %s: %s\n", name, strerror(-err));
		return err;
	}
	while ((err = logfile__next(file, &line)) > 0) {
		err = take_log_line(r, name, &line, &odd);
		if (err)
			break;
	}
	logfile__close(file);
	if (err) {
		if (!r->told)
			fprintf(stderr, "leasewatch: cannot read %s: %s\n", name, strerror(-err));
		return err;
	}
	if (odd.lines && !odd.ours) {
		fprintf(stderr, "leasewatch: %s is not a JSON log of leasewatch\n", name);
		return -EBADMSG;
	}
	tell_oddities(name, &odd);
	r->ours += odd.ours;
	return 0;
}

static int run_report(struct report *r)
{
	struct finding f = {.type = FINDING_SUMMARY};

	for (size_t i = 0; i < r->files_len; i++)
		if (read_log(r, r->files[i]))
			return EXIT_TOOL_ERROR;
	if (!r->ours) {
		fprintf(stderr, "leasewatch: no findings in %s\n",
			r->files_len == 1 ? r->files[0] : "these files");
		return EXIT_TOOL_ERROR;
	}
	summary__finish(r->summary, r->last_ts_ns);
	f.ts_ns = r->last_ts_ns;
	f.summary = r->summary;
	if (show(r, &f))
		return EXIT_TOOL_ERROR;
	return cmd_exit_status(r->summary->verdict);
}

int cmd_report(int argc, char **argv)
{
	struct report r = {0};
	struct text_options text = {0};
	int status = EXIT_TOOL_ERROR;

	options__parse(&argp, argc, argv, &r);
	signal(SIGPIPE, SIG_IGN); /* a closed stdout is an error that we report */
	text_options__detect(&text, stdout);
	text.verbose = r.verbose > 1;
	r.sink = sink_text__new(stdout, &text);
	r.summary = summary__new();
	if (r.sink && r.summary)
		status = run_report(&r);
	else
		fprintf(stderr, "leasewatch: out of memory\n");
	sink__free(r.sink);
	summary__free(r.summary);
	return status;
}
