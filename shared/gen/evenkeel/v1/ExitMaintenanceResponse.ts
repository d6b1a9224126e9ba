// Original file: proto/evenkeel/v1/scheduler.proto

import type { MaintenanceInput as _evenkeel_v1_MaintenanceInput, Maintenance as _evenkeel_v1_Maintenance } from '../../evenkeel/v1/Maintenance.ts';

export interface ExitMaintenanceResponseInput {
  'maintenance'?: (_evenkeel_v1_MaintenanceInput | null);
}

export interface ExitMaintenanceResponse {
  'maintenance': (_evenkeel_v1_Maintenance | null);
}
