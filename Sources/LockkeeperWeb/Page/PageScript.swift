extension Page {
    static let script = #"""
        "use strict";
        (() => {
          const PERIOD = 2000, RECENT = 25;
          const tones = { blocking: "critical", orphaned: "critical", blocked: "warning", idle_in_transaction: "warning",
                          progressing: "fine", working: "fine", committed: "fine", failed: "critical", cancelled: "warning",
                          lost: "warning", unseen: "fine", critical: "critical", warning: "warning", info: "fine", up: "fine", down: "critical" };
          const status = document.getElementById("status");
          const opened = new Set();
          // The incident that a message's link leads to.
          const wanted = new URLSearchParams(location.search).get("incident");
          let clocks = [], lastAnswer = null, lastTexts = {};

          // Everything that is shown goes through here, as text.
          const make = (tag, kind, ...children) => {
            const element = document.createElement(tag);
            if (kind) element.className = kind;
            for (const child of children.flat(Infinity)) {
              if (child === null || child === undefined || child === false || child === "") continue;
              element.append(child instanceof Node ? child : String(child));
            }
            return element;
          };
          const span = (seconds) => {
            const whole = Math.max(0, Math.floor(seconds));
            const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
            if (d) return `${d}d ${h}h`;
            if (h) return `${h}h ${m}m`;
            if (m) return `${m}m ${s}s`;
            return seconds > 0 && seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))}ms` : `${s}s`;
          };
          // A duration that goes on while the agent is not asked.
          const running = (seconds, kind) => {
            const element = make("span", kind, span(seconds));
            clocks.push({ element, seconds, since: performance.now() });
            return element;
          };
          const moment = (text, prefix = "") => {
            const date = new Date(text), element = make("time", "");
            const isToday = date.toDateString() === new Date().toDateString();
            element.textContent = prefix + (isToday ? date.toLocaleTimeString() : date.toLocaleString());
            element.dateTime = text;
            element.title = text;
            return element;
          };
          const pill = (name) => make("span", `pill ${tones[name] || ""}`, name.replaceAll("_", " "));
          const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
          const place = (item) => make("span", "where", [item.target, item.database].filter(Boolean).join(" / "));
          const folded = (key, title, content) => {
            const details = make("details", "", make("summary", "", title), content);
            details.open = opened.has(key);
            details.addEventListener("toggle", () => details.open ? opened.add(key) : opened.delete(key));
            return details;
          };
          const link = (href, text) => {
            const element = make("a", "", text);
            element.href = href;
            return element;
          };
          // Links that come with the data: a runbook's address is the only one, and only the web's own schemes are followed.
          const outside = (href, text) => {
            try {
              if (!["http:", "https:"].includes(new URL(href, location.href).protocol)) return null;
            } catch { return null; }
            const element = link(href, text);
            element.rel = "noreferrer noopener";
            return element;
          };

          const blocker = (one) => {
            const who = one.gid !== undefined ? `prepared transaction ${one.gid}`
              : [`pid ${one.pid}`, one.user && `${one.user}@${one.database}`, one.application_name, one.client_address,
                 one.backend_type !== "client backend" && one.backend_type].filter(Boolean).join(" · ");
            return make("div", "blocker",
              make("div", "", make("b", "", "Blocked by "), who),
              make("div", "figures",
                make("span", "", one.state, one.state_seconds !== undefined && [" for ", running(one.state_seconds)]),
                one.transaction_seconds !== undefined && make("span", "", "transaction open for ", running(one.transaction_seconds))),
              one.query && make("code", "block", one.query),
              make("p", "note", "To get it out of the way:"),
              make("code", "block remedy", one.remedy));
          };
          const progress = (how) => {
            const bar = make("progress", "");
            bar.max = 1;
            if (how.ratio !== undefined) bar.value = how.ratio;
            const total = how.migrations_total;
            const counted = how.migrations_done !== undefined
              && (total !== undefined ? `${how.migrations_done} of ${plural(total, "migration", "migrations")} done`
                : `${plural(how.migrations_done, "migration", "migrations")} done`);
            const statement = how.migration !== undefined
              && (how.statement !== undefined ? `running statement ${how.statement} of ${how.statements_total} of ${how.migration}`
                : `running a statement of ${how.migration}`);
            const steps = [counted, statement].filter(Boolean).join(" · ");
            if (!steps && !how.text) return null;
            return make("div", "far", steps && make("p", "", steps), how.text && make("p", "", how.text), how.ratio !== undefined && bar);
          };
          // Whom a run holds up: who, how long, on what.
          const victim = (one) => make("li", "",
            make("b", "", `pid ${one.pid}`), ` ${[`${one.user}@${one.database}`, one.application_name, one.client_address].filter(Boolean).join(" · ")} `,
            "waits ", running(one.waiting_seconds), ` for ${one.waiting_for}`, one.is_queued && ", queued behind others",
            one.query && make("code", "block", one.query));
          const impact = (run, held) => folded(`impact ${run.run}`,
            `Who waits: ${held.direct} for its locks, ${held.total - held.direct} queued`,
            make("ol", "timeline", held.victims.map(victim),
              held.total > held.victims.length && make("li", "", `and ${held.total - held.victims.length} more`)));
          const runningCard = (run) => {
            const how = run.standing, name = run.migrations.join(", ") || `${run.tool} migration`;
            return make("article", `card ${tones[how.state] || ""}`,
              make("div", "head", make("strong", "", name), place(run), pill(how.state), running(run.duration_seconds, "big")),
              make("div", "figures",
                make("span", "", run.tool),
                make("span", "", [run.user, run.application_name, run.client_address].filter(Boolean).join(" · ")),
                make("span", "", "since ", moment(run.begin)),
                how.strongest_lock && make("span", "", "holds ", make("b", "", how.strongest_lock))),
              how.progress && progress(how.progress),
              how.waiting_for && make("p", "caution", "Waits for ", make("b", "", how.waiting_for), " for ", running(how.waiting_seconds)),
              how.blocked_sessions > 0 && make("p", "problem", make("b", "", `Holds up ${plural(how.blocked_sessions, "session", "sessions")}`),
                ", the longest for ", running(how.blocked_seconds)),
              how.impact && how.impact.total > 0 && impact(run, how.impact),
              how.root_blockers.map(blocker),
              run.last_statement && folded(`statement ${run.run}`, `Last of ${plural(run.statement_count, "statement", "statements")}`,
                make("code", "block", run.last_statement.text)),
              make("p", "note", link(`/api/v1/migrations/${encodeURIComponent(run.run)}`, "details"), " · ",
                link(`/?incident=${encodeURIComponent(run.incident_id)}`, "incident")));
          };
          const steps = (actions) => actions.map((action) =>
            [make("p", "", action.text), action.command && make("code", "block remedy", action.command)]);
          const book = (address) => address && (() => { const found = outside(address, "runbook"); return found && [" · ", found]; })();
          const handling = (incident) => {
            const acknowledged = incident.acknowledgement && incident.acknowledgement.is_in_force
              && `acknowledged by ${incident.acknowledgement.author}${incident.acknowledgement.comment && `: ${incident.acknowledgement.comment}`}`;
            const words = [acknowledged, incident.muted_by && `muted by ${incident.muted_by}`].filter(Boolean);
            return words.length > 0 && make("p", "note", words.join(" · "));
          };
          const called = (incident) => incident.kind === "alerts" ? incident.subject
            : incident.kind === "maintenance" ? `Planned maintenance: ${incident.subject}` : "Migration";
          // Maintenance is planned for a time; everything else goes on since one.
          const when = (incident) => incident.maintenance
            ? [moment(incident.maintenance.starts_at), moment(incident.maintenance.ends_at, " until ")]
            : [moment(incident.begin, "since "), incident.end && moment(incident.end, " until ")];
          const incidentCard = (incident) => make("article", `card ${tones[incident.severity] || ""}`,
            make("div", "head",
              make("strong", "", called(incident)), place(incident), pill(incident.severity),
              make("span", "where", when(incident))),
            make("p", "", incident.summary), handling(incident),
            incident.actions.length > 0 && folded(`incident ${incident.id}`, "What to do", make("div", "", steps(incident.actions))),
            make("p", "note", link(`/?incident=${encodeURIComponent(incident.id)}`, "timeline and messages"), book(incident.runbook_url)));
          const wantedCard = (incident) => {
            const isOpen = incident.status !== "closed";
            return make("article", `card ${isOpen ? tones[incident.severity] || "" : "fine"}`,
              make("div", "head",
                make("strong", "", called(incident)), place(incident),
                pill(isOpen ? incident.severity : incident.outcome || "resolved"),
                make("span", "where", when(incident))),
              make("p", "", incident.summary), isOpen && handling(incident),
              isOpen && steps(incident.actions),
              incident.details.length > 0 && make("dl", "", incident.details.map((detail) =>
                [make("dt", "", detail.name), make("dd", "", detail.is_code ? make("code", "block", detail.value) : detail.value)])),
              make("h3", "", "What happened"),
              make("ol", "timeline", incident.timeline.map((entry) =>
                make("li", tones[entry.severity] || "", moment(entry.at), " ", entry.text))),
              make("h3", "", "Who was told"),
              incident.deliveries.length === 0 && make("p", "empty", "Nobody: no route leads from it to a receiver."),
              make("ol", "timeline", incident.deliveries.map((delivery) =>
                make("li", ({ delivered: "fine", pending: "warning", failed: "critical" })[delivery.status] || "",
                  moment(delivery.finished_at || delivery.planned_at), ` ${delivery.receiver}: ${delivery.title} (${delivery.status}`,
                  delivery.last_error && delivery.status !== "delivered" && `: ${delivery.last_error}`, ")"))),
              make("p", "note", link("/", "all incidents and migrations"), " · ",
                link(`/api/v1/incidents/${encodeURIComponent(incident.id)}`, "as JSON"), book(incident.runbook_url)));
          };
          // What the diagnosis says besides: runs have cards of their own, and what is healthy needs none.
          const toSeeTo = (targets) => targets.flatMap(({ target, findings }) =>
            findings.filter((one) => one.severity !== "info" && one.run === undefined).map((one) => ({ target, ...one })));
          const findingCard = (finding) => make("article", `card ${tones[finding.severity] || ""}`,
            make("div", "head", make("strong", "", finding.summary), place(finding), pill(finding.verdict)),
            finding.evidence.map((sentence) => make("p", "", sentence)),
            finding.actions.length > 0 && folded(`finding ${finding.target} ${finding.database} ${finding.verdict} ${finding.summary}`,
              "What to do", make("div", "", steps(finding.actions))));
          const targetCard = (target) => make("article", `card ${target.state === "up" && target.warnings.length ? "warning" : tones[target.state] || ""}`,
            make("div", "head", make("strong", "", target.name), pill(target.state),
              make("span", "where", target.server && `PostgreSQL ${target.server.version}${target.server.is_in_recovery ? ", standby" : ""}`)),
            make("div", "figures",
              target.databases.length > 0 && make("span", "", target.databases.join(", ")),
              target.sessions !== undefined && make("span", "", make("b", "", target.sessions), " sessions"),
              target.lock_waiters !== undefined && make("span", target.lock_waiters ? "caution" : "", make("b", "", target.lock_waiters), " waiting for locks"),
              target.oldest_transaction_seconds !== undefined && make("span", "", "oldest transaction ", make("b", "", span(target.oldest_transaction_seconds))),
              target.last_seen_at && target.state !== "up" && make("span", "", "last seen ", moment(target.last_seen_at))),
            target.failure && make("p", "problem", target.failure.message),
            target.warnings.map((warning) => make("p", "caution", warning)));
          const recentRow = (run) => make("article", `card row ${tones[run.outcome] || ""}`,
            pill(run.outcome || "ended"),
            make("span", "name", make("b", "", run.migrations.join(", ") || `${run.tool} migration`), " ", place(run)),
            make("span", "took", run.outcome === "unseen" && !run.user ? `within ${span(run.duration_seconds)}` : `took ${span(run.duration_seconds)}`),
            moment(run.end || run.begin),
            run.evidence && make("span", "why", run.evidence));

          const show = (id, items, card, ifEmpty) => {
            const section = document.getElementById(id), list = section.lastElementChild, text = JSON.stringify(items);
            // What has not changed stays, and so does what somebody is just marking to copy.
            const marked = getSelection();
            const isMarking = marked && !marked.isCollapsed && list.contains(marked.anchorNode);
            if (text === lastTexts[id] || isMarking) return;
            lastTexts[id] = text;
            section.hidden = items.length === 0 && !ifEmpty;
            list.replaceChildren(...(items.length ? items.map(card) : [make("p", "empty", ifEmpty)]));
          };
          const get = async (path) => {
            // Not relative to the page, whose address may have a name and password in it: fetch refuses those.
            const answer = await fetch(location.origin + path, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
            const body = await answer.json();
            if (!answer.ok) throw new Error(body.error || answer.statusText);
            return body;
          };
          const refreshWanted = async () => {
            if (!wanted) return;
            try {
              show("incident", [await get(`/api/v1/incidents/${encodeURIComponent(wanted)}`)], wantedCard, "");
            } catch (error) {
              show("incident", [], wantedCard, `Incident ${wanted} cannot be shown: ${error.message}`);
            }
          };
          const refresh = async () => {
            try {
              await refreshWanted();
              const [{ targets }, { migrations: running }, { migrations: recent }, { incidents }, { targets: diagnoses }] = await Promise.all([
                get("/api/v1/targets"), get("/api/v1/migrations?state=running"),
                get(`/api/v1/migrations?state=finished&limit=${RECENT}`), get("/api/v1/incidents?status=open"),
                get("/api/v1/findings")]);
              show("running", running, runningCard, "None.");
              show("incidents", incidents, incidentCard, "");
              show("findings", toSeeTo(diagnoses), findingCard, "");
              show("targets", targets, targetCard, "None is configured.");
              show("recent", recent, recentRow, "");
              clocks = clocks.filter((clock) => clock.element.isConnected);
              const up = targets.filter((target) => target.state === "up").length;
              status.className = "";
              status.textContent = `${up} of ${plural(targets.length, "target", "targets")} up · ${plural(running.length, "migration", "migrations")} running`;
              document.title = running.length ? `(${running.length}) Lockkeeper` : "Lockkeeper";
              lastAnswer = new Date();
            } catch (error) {
              status.className = "lost";
              status.textContent = `No answer from the agent${lastAnswer ? ` since ${lastAnswer.toLocaleTimeString()}` : ""}: ${error.message}`;
            }
          };
          const loop = async () => {
            if (!document.hidden) await refresh();
            setTimeout(loop, PERIOD);
          };
          setInterval(() => {
            const now = performance.now();
            for (const clock of clocks) {
              const text = span(clock.seconds + (now - clock.since) / 1000);
              if (clock.element.textContent !== text) clock.element.textContent = text;
            }
          }, 1000);
          document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
          loop();
        })();
        """#
}
