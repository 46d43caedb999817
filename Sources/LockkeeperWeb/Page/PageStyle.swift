extension Page {
    static let style = """
        :root {
          --ground: #f5f6f4; --sheet: #fff; --ink: #1c2523; --faint: #5d6a66; --line: #dde2df;
          --accent: #155e75; --fine: #1a7f4b; --warning: #a15c00; --critical: #b3261e;
          --fine-tint: #e3f4ea; --warning-tint: #fdf0da; --critical-tint: #fbe6e4; --plain-tint: #e9edeb;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #121716; --sheet: #1b2220; --ink: #e6ecea; --faint: #97a5a0; --line: #2d3734;
            --accent: #67c6de; --fine: #5fd394; --warning: #f2b356; --critical: #ff8d83;
            --fine-tint: #17352a; --warning-tint: #3a2c12; --critical-tint: #43201d; --plain-tint: #27302d;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0; background: var(--ground); color: var(--ink); line-height: 1.45;
          font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
          font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%;
        }
        header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1rem; }
        header { display: flex; align-items: center; gap: .7rem; padding-top: 1.1rem; flex-wrap: wrap; }
        .mark { width: 2rem; height: 2rem; flex: none; }
        .mark rect { fill: #155e75; }
        .mark path { fill: none; stroke: #fff; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
        h1 { font-size: 1.25rem; margin: 0; letter-spacing: -.01em; }
        #status { margin: 0 0 0 auto; color: var(--faint); font-size: .875rem; }
        #status.lost { color: var(--critical); font-weight: 600; }
        h2 { font-size: .8125rem; margin: 1.9rem 0 .6rem; color: var(--faint); font-weight: 600;
             text-transform: uppercase; letter-spacing: .06em; }
        .list { display: grid; gap: .7rem; }
        .grid { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
        .card { background: var(--sheet); border: 1px solid var(--line); border-left: 4px solid var(--line);
                border-radius: .6rem; padding: .8rem 1rem; min-width: 0; overflow-wrap: anywhere; }
        .card.fine { border-left-color: var(--fine); }
        .card.warning { border-left-color: var(--warning); }
        .card.critical { border-left-color: var(--critical); }
        .head { display: flex; gap: .3rem .6rem; align-items: baseline; flex-wrap: wrap; }
        .head strong { font-size: 1.05rem; }
        .head .big { margin-left: auto; font-size: 1.35rem; font-weight: 650; letter-spacing: -.02em; }
        .where, .note { color: var(--faint); font-size: .875rem; }
        .note { margin: .35rem 0 0; }
        p { margin: .4rem 0 0; }
        .pill { display: inline-block; border-radius: 1rem; padding: .06rem .6rem; font-size: .8125rem; font-weight: 600;
                background: var(--plain-tint); color: var(--faint); white-space: nowrap; }
        .pill.fine { background: var(--fine-tint); color: var(--fine); }
        .pill.warning { background: var(--warning-tint); color: var(--warning); }
        .pill.critical { background: var(--critical-tint); color: var(--critical); }
        code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre-wrap; }
        code.block { display: block; background: var(--ground); border-radius: .4rem; padding: .4rem .6rem; margin-top: .35rem;
                     max-height: 12rem; overflow: auto; }
        code.remedy { user-select: all; cursor: copy; border: 1px dashed var(--line); }
        .blocker { border-top: 1px solid var(--line); margin-top: .7rem; padding-top: .6rem; }
        .figures { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin-top: .35rem; font-size: .875rem; color: var(--faint); }
        .figures b { color: var(--ink); font-weight: 600; }
        .far progress { width: 100%; height: .5rem; accent-color: var(--accent); }
        .problem { color: var(--critical); }
        .caution { color: var(--warning); }
        .row { display: grid; gap: .1rem .9rem; align-items: baseline; grid-template-columns: 6.2rem 1fr auto auto; padding: .5rem 1rem; }
        .row .pill { justify-self: start; }
        .row time, .row .took { color: var(--faint); font-size: .875rem; white-space: nowrap; }
        .row .why { grid-column: 2 / -1; color: var(--faint); font-size: .875rem; }
        h3 { font-size: .8125rem; margin: 1rem 0 .3rem; color: var(--faint); font-weight: 600; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0 0; font-size: .875rem; }
        dt { color: var(--faint); }
        dd { margin: 0; min-width: 0; }
        dd code.block { margin-top: 0; }
        .timeline { list-style: none; margin: 0; padding: 0; font-size: .875rem; }
        .timeline li { border-left: 3px solid var(--line); padding: .1rem 0 .1rem .6rem; }
        .timeline li.fine { border-color: var(--fine); }
        .timeline li.warning { border-color: var(--warning); }
        .timeline li.critical { border-color: var(--critical); }
        .timeline time { color: var(--faint); }
        .empty { color: var(--faint); }
        a { color: var(--accent); text-underline-offset: .15em; }
        a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .2rem; }
        summary { cursor: pointer; color: var(--faint); font-size: .875rem; margin-top: .4rem; }
        footer { margin-top: 2.2rem; padding-bottom: 2.5rem; font-size: .875rem; }
        nav { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; border-top: 1px solid var(--line); padding-top: .9rem; }
        @media (max-width: 34rem) {
          .row { grid-template-columns: auto 1fr auto; }
          .row .name { grid-column: 1 / -1; grid-row: 2; }
          .row .why { grid-column: 1 / -1; }
          .row .took { grid-column: 3; justify-self: end; grid-row: 1; }
          .row time { grid-column: 2; grid-row: 1; }
        }
        """
}
