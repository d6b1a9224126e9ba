// Original file: proto/evenkeel/v1/telemetry.proto


export interface RefusalInput {
  'code'?: (string);
  'reason'?: (string);
  'cure'?: (string);
  'vmUuid'?: (string);
  'vmName'?: (string);
  'hostId'?: (string);
  'hostName'?: (string);
}

export interface Refusal {
  'code': (string);
  'reason': (string);
  'cure': (string);
  'vmUuid': (string);
  'vmName': (string);
  'hostId': (string);
  'hostName': (string);
}
