// Original file: proto/evenkeel/v1/telemetry.proto


export interface ProjectionInput {
  'hostId'?: (string);
  'hostName'?: (string);
  'resource'?: (string);
  'beforeRatio'?: (number | string);
  'afterRatio'?: (number | string);
}

export interface Projection {
  'hostId': (string);
  'hostName': (string);
  'resource': (string);
  'beforeRatio': (number);
  'afterRatio': (number);
}
