/* Settings folders, private: the check that no part writes into the folder of another. */
#ifndef HS_APP_SETTINGS_FOLDERS_H
#define HS_APP_SETTINGS_FOLDERS_H

#include <hookstream/app.h>

/* Adds an error for each two folders (journal with the dead letters in it, file sinks) that are
 * the same, and for each that is inside the journal's or around it. */
void hs_settings_check_folders(struct hs_config *config, const struct hs_settings *settings);

#endif
