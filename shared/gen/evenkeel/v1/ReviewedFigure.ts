// Original file: proto/evenkeel/v1/scheduler.proto


export interface ReviewedFigureInput {
  /**
   * "seconds", "bytes", "kvm1 cpu", "kvm2 memory", ...
   */
  'name'?: (string);
  'predicted'?: (number | string);
  /**
   * Absent while it is not known yet.
   */
  'actual'?: (number | string);
  /**
   * "ms", "bytes" or "ratio".
   */
  'unit'?: (string);
  '_actual'?: "actual";
}

export interface ReviewedFigure {
  /**
   * "seconds", "bytes", "kvm1 cpu", "kvm2 memory", ...
   */
  'name': (string);
  'predicted': (number);
  /**
   * Absent while it is not known yet.
   */
  'actual'?: (number);
  /**
   * "ms", "bytes" or "ratio".
   */
  'unit': (string);
  '_actual'?: "actual";
}
