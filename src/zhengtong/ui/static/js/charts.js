// SPDX-License-Identifier: Apache-2.0
// Draws the figures marked data-chart with ECharts, in the colours of the tokens. Their tables stand beside them: this
// file adds a picture and nothing else.

const style = getComputedStyle(document.documentElement);
const token = (name) => style.getPropertyValue(name).trim();
const COLOURS = { ok: "--celadon", near: "--ochre", late: "--cinnabar", info: "--indigo", wait: "--edge", paused: "--line-strong" };
// Told apart without colour: by symbol and dash on lines, by pattern on bars.
const SYMBOLS = ["circle", "diamond", "triangle", "rect", "emptyCircle", "emptyDiamond"];
const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3]];
const PATTERNS = [
  { symbol: "none" },
  { dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: Math.PI / 4 },
  { symbol: "circle", dashArrayX: [[5, 5], [0, 5, 5, 0]], dashArrayY: [5, 0], symbolSize: 0.7 },
  { dashArrayX: [1, 0], dashArrayY: [4, 4] },
];
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const lang = document.documentElement.lang;
const shown = {
  percent: new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 1 }),
  days: new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }),
  count: new Intl.NumberFormat(lang),
};

function options(data, wide) {
  const format = (value) => (value == null ? "–" : shown[data.unit].format(value));
  const text = { color: token("--ink-2"), fontFamily: token("--font"), fontSize: 13 };
  const names = {
    type: "category", data: data.labels, inverse: data.sideways, axisTick: { show: false },
    axisLine: { lineStyle: { color: token("--line-strong") } },
    axisLabel: { ...text, hideOverlap: !data.sideways, ...(data.sideways && { width: wide ? 150 : 96, overflow: "truncate" }) },
  };
  const least = Math.min(1, ...data.series.flatMap((one) => one.values.filter((value) => value != null)));
  const values = {
    type: "value", splitLine: { lineStyle: { color: token("--line") } }, axisLabel: { ...text, formatter: format },
    ...(data.unit === "percent" && data.kind === "line" ? { max: 1, min: Math.floor(Math.max(0, least - 0.02) * 20) / 20 } : { minInterval: data.unit === "count" ? 1 : 0 }),
  };
  const bars = data.kind !== "line";
  return {
    animation: !still, animationDuration: 250,
    textStyle: text,
    grid: { left: 4, right: 16, top: 12, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: format, textStyle: { fontFamily: token("--font") }, confine: true },
    xAxis: data.sideways ? values : names,
    yAxis: data.sideways ? names : values,
    series: data.series.map((one, place) => ({
      name: one.name, data: one.values, type: bars ? "bar" : "line", stack: data.kind === "stack" ? "all" : undefined,
      color: token(COLOURS[one.role] ?? "--indigo"), symbol: SYMBOLS[place % SYMBOLS.length], symbolSize: 8, barMaxWidth: 26,
      lineStyle: { width: 2, type: DASHES[place % DASHES.length] },
      itemStyle: bars ? { borderColor: token("--card"), borderWidth: 1, decal: PATTERNS[place % PATTERNS.length] } : {},
      connectNulls: false,
    })),
  };
}

for (const plot of document.querySelectorAll("[data-chart]")) {
  const data = JSON.parse(document.getElementById(plot.dataset.chart).textContent);
  const draw = () => {
    chart.resize();
    chart.setOption(options(data, plot.clientWidth > 480));
  };
  const chart = globalThis.echarts.init(plot, null, { devicePixelRatio: Math.max(2, devicePixelRatio) });
  draw();
  new ResizeObserver(draw).observe(plot);
}
