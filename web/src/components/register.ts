/** The Element Plus components the surfaces use, by name; anything else stays out of the bundle. */
import type { App } from 'vue'
import {
  ElAlert, ElAside, ElButton, ElCheckbox, ElConfigProvider, ElDatePicker, ElDialog, ElDrawer, ElDropdown, ElDropdownItem,
  ElDropdownMenu, ElIcon, ElInput, ElOption, ElPopover, ElProgress, ElRadio, ElRadioButton, ElRadioGroup, ElSelect, ElSkeleton, ElSwitch,
} from 'element-plus'
import 'element-plus/dist/index.css'

export function registerElements(app: App): void {
  const parts = {
    ElAlert, ElAside, ElButton, ElCheckbox, ElConfigProvider, ElDatePicker, ElDialog, ElDrawer, ElDropdown, ElDropdownItem,
    ElDropdownMenu, ElIcon, ElInput, ElOption, ElPopover, ElProgress, ElRadio, ElRadioButton, ElRadioGroup, ElSelect, ElSkeleton, ElSwitch,
  }
  for (const [name, part] of Object.entries(parts)) app.component(name, part)
}
