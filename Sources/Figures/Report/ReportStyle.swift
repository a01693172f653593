/// The looks of the report: light or dark as the reader's system is, narrow or wide, on a screen or on paper.
enum ReportStyle {
  /// A shade at each edge behind which more can be scrolled to: at both ends covers that scroll along lie over the
  /// shades.
  private static let shadeWhereMoreLies = """
    linear-gradient(90deg,var(--card) 40%,transparent) 0 0/36px 100% no-repeat local,\
    linear-gradient(270deg,var(--card) 40%,transparent) 100% 0/36px 100% no-repeat local,\
    linear-gradient(90deg,var(--shade),transparent) 0 0/12px 100% no-repeat scroll,\
    linear-gradient(270deg,var(--shade),transparent) 100% 0/12px 100% no-repeat scroll
    """

  static let sheet = """
    :root{--ground:#f5f6f8;--card:#ffffff;--ink:#1d2433;--muted:#5d687a;--rule:#e0e4ea;\
    --accent:#0072b2;--shade:#1d243338;color-scheme:light dark}
    @media screen and (prefers-color-scheme:dark){:root{--ground:#0d1117;--card:#161b22;\
    --ink:#e8ebf0;--muted:#9ba6b5;--rule:#2a313c;--accent:#4cb2ec;--shade:#000000a0}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--ground);color:var(--ink);\
    font:16px/1.6 \(FigureStyle.font);-webkit-text-size-adjust:100%}
    main{max-width:980px;margin:0 auto;padding:56px 24px 40px}
    h1{font-size:34px;line-height:1.15;letter-spacing:-.02em;margin:0}
    h2{font-size:21px;letter-spacing:-.01em;margin:56px 0 12px}
    p{margin:0 0 16px;max-width:68ch;text-wrap:pretty}
    .subtitle{color:var(--muted);font-size:18px;margin:10px 0 0}
    .key-figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;\
    margin:32px 0 0}
    .key-figures div{background:var(--card);border:1px solid var(--rule);border-radius:12px;\
    padding:16px 18px}
    .key-figures div:first-child{border-top:3px solid var(--accent);padding-top:14px}
    dt{color:var(--muted);font-size:13px}
    dd{margin:2px 0 0;font-size:24px;overflow-wrap:anywhere;line-height:1.25;font-weight:650;letter-spacing:-.01em;\
    font-variant-numeric:tabular-nums}
    dd.long{font-size:19px}
    .note{display:block;color:var(--muted);font-size:13px;font-weight:400;letter-spacing:0;\
    margin-top:2px}
    figure{margin:0 0 20px;background:var(--card);border:1px solid var(--rule);\
    border-radius:12px;padding:10px;min-width:0}
    .sheet,.table div{overflow-x:auto;background:\(shadeWhereMoreLies)}
    .sheet svg.adjoint-figure{display:block;height:auto;\
    max-width:max(100%,calc(var(--width)*.72))}
    .sheet svg.adjoint-figure .ground{fill:none}
    figcaption{color:var(--muted);font-size:14px;line-height:1.5;padding:4px 16px 8px;\
    max-width:80ch}
    .row{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));\
    gap:0 16px}
    .table{margin:0 0 20px;background:var(--card);border:1px solid var(--rule);\
    border-radius:12px;padding:4px 18px}
    .table p{color:var(--muted);font-size:14px;margin:0;padding:8px 0;max-width:80ch}
    table{border-collapse:collapse;width:100%;font-size:15px;font-variant-numeric:tabular-nums}
    th{color:var(--muted);font-size:13px;font-weight:600;text-align:left}
    th,td{padding:9px 18px 9px 0;border-bottom:1px solid var(--rule);vertical-align:top}
    th:last-child,td:last-child{padding-right:0}
    tbody tr:last-child td{border-bottom:0}
    .number{text-align:right}
    td.number{white-space:nowrap}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--rule);border-radius:12px;\
    padding:14px 18px;font:13px/1.5 ui-monospace,'SF Mono',Menlo,'DejaVu Sans Mono',monospace}
    math{font-family:'Latin Modern Math','STIX Two Math','Cambria Math','Libertinus Math',\
    'DejaVu Math TeX Gyre',math;font-size:1.06em}
    math[display=block]{margin:16px 0;overflow-x:auto}
    .formulas td{vertical-align:middle}
    footer{margin-top:56px;padding-top:16px;border-top:1px solid var(--rule);\
    color:var(--muted);font-size:13px}
    @media print{.sheet,.table div{background:none}}
    @media (max-width:640px){main{padding:32px 16px}h1{font-size:28px}}
    @media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}\
    .row{grid-template-columns:repeat(auto-fit,minmax(300px,1fr))}\
    figure,.table,.key-figures div,tr{break-inside:avoid}h2{break-after:avoid;margin-top:28px}}
    """
}
