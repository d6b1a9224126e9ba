// Lists what CloudSim 3.0.3 printed for these days: stock code, trace files in the order of their names.

export interface CloudSimRow {
  readonly day: string;
  readonly policy: string;
  /** Run with its deletion of VMs without demand switched off. */
  readonly keepsVms: boolean;
  readonly energyKwh: number;
  readonly migrations: number;
}

const ROWS: readonly (readonly [string, string, number, number])[] = [
  ['20110303', 'dvfs', 802.75, 0],
  ['20110303', 'iqr_mmt_1.5', 189.98, 26_282],
  ['20110303', 'lr_mmt_1.2', 163.48, 27_859],
  ['20110303', 'mad_mmt_2.5', 185.79, 26_556],
  ['20110303', 'mfped_mmt_1.2', 115.24, 9_383],
  ['20110303', 'npa', 2410.8, 0],
  ['20110303', 'thr_mmt_0.8', 192.62, 26_711],
  ['20110306', 'dvfs', 625.53, 0],
  ['20110306', 'iqr_mmt_1.5', 143.97, 20_742],
  ['20110306', 'lr_mmt_1.2', 123.28, 20_878],
  ['20110306', 'mad_mmt_2.5', 140.07, 20_682],
  ['20110306', 'mfped_mmt_1.2', 86.28, 7_099],
  ['20110306', 'npa', 2410.8, 0],
  ['20110306', 'thr_mmt_0.8', 144.74, 20_908],
  ['20110309', 'dvfs', 704.93, 0],
  ['20110309', 'iqr_mmt_1.5', 166.75, 23_772],
  ['20110309', 'lr_mmt_1.2', 142.09, 24_959],
  ['20110309', 'mad_mmt_2.5', 163.01, 23_476],
  ['20110309', 'mfped_mmt_1.2', 97.17, 10_035],
  ['20110309', 'thr_mmt_0.8', 165.27, 23_475],
];

const ROWS_WITHOUT_DELETION: typeof ROWS = [
  ['20110303', 'lr_mmt_1.2', 221.38, 44_405],
  ['20110303', 'mfped_mmt_1.2', 136.86, 19_680],
  ['20110303', 'thr_mmt_0.8', 253.76, 41_634],
  ['20110306', 'lr_mmt_1.2', 180.21, 36_979],
  ['20110306', 'mfped_mmt_1.2', 108.38, 16_320],
  ['20110309', 'lr_mmt_1.2', 213.24, 47_388],
  ['20110309', 'mfped_mmt_1.2', 125.29, 23_881],
];

export const CLOUDSIM_ROWS: readonly CloudSimRow[] = [
  ...ROWS.map((row) => rowOf(row, false)),
  ...ROWS_WITHOUT_DELETION.map((row) => rowOf(row, true)),
];

function rowOf([day, policy, energyKwh, migrations]: (typeof ROWS)[number], keepsVms: boolean): CloudSimRow {
  return { day, policy, keepsVms, energyKwh, migrations };
}
